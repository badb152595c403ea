/** One graph: a line for each uplink and family over time, and behind them when uplinks were not as they should be. */
import uPlot from 'uplot'
import type { Band, LineSeries, Range } from './past.ts'

export interface GraphKind {
  readonly title: string
  /** One list of values for each line drawn. */
  readonly values: (line: LineSeries) => readonly (readonly (number | null)[])[]
  /** At the axis, and at the cursor. */
  readonly text: (value: number) => string
  /** What the axis shows at least. */
  readonly least: number
  /** In which steps the axis is divided, where not by ten. */
  readonly steps?: readonly number[]
}

export interface Shown {
  readonly range: Range
  readonly from: number
  readonly to: number
  readonly times: readonly number[]
  readonly lines: readonly LineSeries[]
  readonly bands: readonly Band[]
  readonly colourOf: (uplink: string) => string
}

export interface Graph {
  readonly show: (shown: Shown) => void
}

const height = 170

/** `onCursor` is told what is at the cursor, by line; null where the cursor is not in the graph. */
export function createGraph(parent: HTMLElement, kind: GraphKind, onCursor: (words: string | null) => void): Graph {
  let plot: uPlot | null = null
  let drawnAs = ''
  let shown: Shown | null = null

  const width = () => Math.max(200, parent.clientWidth)
  new ResizeObserver(() => plot && plot.width !== width() && plot.setSize({ width: width(), height })).observe(parent)

  function cursorWords(self: uPlot): string | null {
    const index = self.cursor.idx
    if (index == null || shown === null) return null
    const at = shown.times[index]
    if (at === undefined) return null
    const values = shown.lines.flatMap((line) => {
      const texts = kind.values(line).flatMap((column) => {
        const value = column[index]
        return value == null ? [] : [kind.text(value)]
      })
      const family = line.family === 'inet6' ? ', IPv6' : ''
      return texts.length === 0 ? [] : [`${line.uplink}${family} ${texts.join(' ')}`]
    })
    return [momentText(at), ...values].join('  ·  ')
  }

  return {
    show: (next) => {
      shown = next
      const columns = next.lines.flatMap((line) => kind.values(line).map((values) => ({ line, values })))
      const data = [next.times, ...columns.map(({ values }) => values)] as unknown as uPlot.AlignedData
      const key = [next.range, getComputedStyle(parent).color, ...columns.map(({ line }) => lineKey(line, next))].join(
        ' ',
      )
      if (plot === null || key !== drawnAs) {
        plot?.destroy()
        drawnAs = key
        plot = new uPlot(options(columns.map(({ line }) => line)), data, parent)
      } else {
        plot.setData(data, false)
      }
      plot.setScale('x', { min: next.from, max: next.to })
    },
  }

  function options(lines: readonly LineSeries[]): uPlot.Options {
    const style = getComputedStyle(parent)
    const text = style.color
    const grid = { stroke: style.getPropertyValue('--ifb-grid'), width: 1 }
    const font = `12px ${style.fontFamily}`
    return {
      ...{ width: width(), height, legend: { show: false }, padding: [8, 8, 0, 0] },
      cursor: { sync: { key: 'ifbalance' }, y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: true, auto: false },
        y: { range: (_, low, high) => rangeOf(low, high) },
      },
      axes: [
        {
          ...{ stroke: text, grid, ticks: { show: false }, font, size: 28, space: 90 },
          ...(isOfDays(shown?.range) && { incrs: [1, 2, 7, 14].map((days) => days * 86_400) }),
          values: (_, moments) => moments.map((at) => tickText(at)),
        },
        {
          ...{ stroke: text, grid, ticks: { show: false }, font, size: 78 },
          ...(kind.steps && { incrs: [...kind.steps] }),
          values: (_, values) => values.map((value) => kind.text(value)),
        },
      ],
      series: [
        {},
        ...lines.map((line) => ({
          ...{ stroke: shown?.colourOf(line.uplink) ?? text, width: 1.5, points: { show: false } },
          ...(line.family === 'inet6' && { dash: [4, 4] }),
        })),
      ],
      hooks: {
        drawClear: [drawBands],
        setCursor: [(self) => onCursor(cursorWords(self))],
      },
    }
  }

  function rangeOf(low: number | null, high: number | null): [number, number] {
    const top = Math.max(kind.least, (high ?? 0) * 1.1)
    return [low !== null && low < 0 ? low * 1.1 : 0, top]
  }

  function tickText(at: number): string {
    if (shown === null) return ''
    return formats[shown.range].format(at * 1000)
  }

  /** The kind's colour over the whole height, and the uplink's own at the top. */
  function drawBands({ ctx, bbox, valToPos }: uPlot): void {
    if (shown === null) return
    const style = getComputedStyle(parent)
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    for (const { uplink, kind: what, from, to } of shown.bands) {
      if (to < shown.from || from > shown.to) continue
      const left = valToPos(from, 'x', true)
      // What is over at once is seen all the same.
      const wide = Math.max(2, valToPos(to, 'x', true) - left)
      ctx.fillStyle = style.getPropertyValue(`--ifb-band-${what}`)
      ctx.fillRect(left, bbox.top, wide, bbox.height)
      ctx.fillStyle = shown.colourOf(uplink)
      ctx.fillRect(left, bbox.top, wide, 4 * devicePixelRatio)
    }
    ctx.restore()
  }
}

function isOfDays(range: Range | undefined): boolean {
  return range === 'week' || range === 'months'
}

function lineKey({ uplink, family }: LineSeries, { colourOf }: Shown): string {
  return `${uplink} ${family} ${colourOf(uplink)}`
}

const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
const day = { day: 'numeric', month: 'short' } as const
const formats: Readonly<Record<Range, Intl.DateTimeFormat>> = {
  hour: new Intl.DateTimeFormat([], clock),
  day: new Intl.DateTimeFormat([], clock),
  week: new Intl.DateTimeFormat([], { weekday: 'short', ...day }),
  months: new Intl.DateTimeFormat([], day),
}
const moment = new Intl.DateTimeFormat([], { ...day, ...clock })

/** A moment in seconds since 1970, for people. */
export function momentText(at: number): string {
  return moment.format(at * 1000)
}
