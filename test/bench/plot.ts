/** Small charts as SVG, readable on light and dark pages. Pure. */

export interface Bars {
  readonly label: string
  /** One for each of the chart's series; null where there is none. */
  readonly values: readonly (number | null)[]
}

export interface Line {
  readonly label: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const colours = ['#2b6cb0', '#dd6b20', '#2f855a', '#b83280', '#6b46c1', '#718096', '#c53030']
const width = 760
const marginLeft = 160
const right = 90
/** Room for the names at the ends of lines. */
const labels = 170
const rowHeight = 18
const head = 56

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const text = (x: number, y: number, content: string, more = '') =>
  `<text x="${x}" y="${y}" font-family="sans-serif" font-size="12" fill="#1a202c" ${more}>${escaped(content)}</text>`
const colourOf = (index: number) => colours[index % colours.length] ?? '#000'

function page(height: number, title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${text(16, 22, title, 'font-weight="bold"')}
${parts.join('\n')}
</svg>
`
}

function legend(names: readonly string[], y: number): string {
  return names
    .map((name, index) => {
      const x = marginLeft + index * 120
      return `<rect x="${x}" y="${y - 10}" width="12" height="12" fill="${colourOf(index)}"/>${text(x + 18, y, name)}`
    })
    .join('\n')
}

/** Groups of horizontal bars. Negative values are noise around nothing, and drawn as nothing. */
export function barChart(title: string, series: readonly string[], groups: readonly Bars[]): string {
  const most = Math.max(1, ...groups.flatMap(({ values }) => values.map((value) => value ?? 0)))
  const left = Math.max(marginLeft, ...groups.map(({ label }) => 20 + 6.3 * label.length))
  const scale = (width - left - right) / most
  const groupHeight = rowHeight * series.length + 10
  const parts = groups.map(({ label, values }, group) => {
    const top = head + group * groupHeight
    const bars = values.map((value, index) => {
      const y = top + index * rowHeight
      if (value === null) return text(left + 4, y + 12, 'none')
      const length = Math.max(1, value * scale).toFixed(1)
      const bar = `<rect x="${left}" y="${y}" width="${length}" height="${rowHeight - 4}" fill="${colourOf(index)}"/>`
      return `${bar}${text(left + Number(length) + 5, y + 12, value.toLocaleString('en'))}`
    })
    return [text(left - 8, top + (groupHeight - 10) / 2 + 4, label, 'text-anchor="end"'), ...bars].join('\n')
  })
  return page(head + groups.length * groupHeight + 8, title, [legend(series, 44), ...parts])
}

/** Lines over a logarithmic horizontal axis. */
export function lineChart(title: string, axis: string, lines: readonly Line[]): string {
  const height = 380
  const bottom = height - 50
  const points = lines.flatMap((line) => line.points)
  const xs = [...new Set(points.map(({ x }) => x))].toSorted((one, other) => one - other)
  const [low = 1, high = 2] = [xs[0], xs.at(-1)]
  const most = Math.max(1, ...points.map(({ y }) => y))
  const xOf = (x: number) =>
    marginLeft + ((width - marginLeft - right - 40) * Math.log(x / low)) / Math.log(high / low || 2)
  const yOf = (y: number) => bottom - ((bottom - head) * Math.max(0, y)) / most
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const y = yOf(part * most)
    const line = `<line x1="${marginLeft}" y1="${y}" x2="${width - labels}" y2="${y}" stroke="#e2e8f0"/>`
    return `${line}${text(marginLeft - 8, y + 4, Math.round(part * most).toLocaleString('en'), 'text-anchor="end"')}`
  })
  const ends = spread(lines.map((line) => yOf(line.points.at(-1)?.y ?? 0)))
  const drawn = lines.map((line, index) => {
    const path = line.points.map(({ x, y }) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(' ')
    const stroke = `fill="none" stroke="${colourOf(index)}" stroke-width="2"`
    const x = xOf(line.points.at(-1)?.x ?? low)
    return `<polyline points="${path}" ${stroke}/>${text(x + 6, (ends[index] ?? 0) + 4, line.label)}`
  })
  const below = xs.map((x) => text(xOf(x), bottom + 18, String(x), 'text-anchor="middle"'))
  return page(height, title, [...marks, ...below, text(marginLeft, bottom + 38, axis), ...drawn])
}

/** Moves labels apart that would stand on one another. */
function spread(ys: readonly number[]): readonly number[] {
  const order = ys.map((y, index) => ({ y, index })).toSorted((one, other) => one.y - other.y)
  const placed: number[] = []
  let last = Number.NEGATIVE_INFINITY
  for (const { y, index } of order) {
    last = Math.max(y, last + 14)
    placed[index] = last
  }
  return placed
}
