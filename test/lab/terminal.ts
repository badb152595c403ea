/** What the demo writes: readable as plain lines, with colour and a running clock on a terminal. */

const tty = process.stdout.isTTY === true
const coloured = tty && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
const block = /utf-?8/i.test(process.env['LC_ALL'] ?? process.env['LC_CTYPE'] ?? process.env['LANG'] ?? '') ? '█' : '#'

const codes = { bold: 1, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const

export function paint(colour: keyof typeof codes, text: string): string {
  return coloured ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text
}

export function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

export function heading(line: string): void {
  say()
  say(paint('bold', line))
}

/** A bar of `value` out of `full`, padded to `width` characters. */
export function bar(value: number, full: number, width: number): string {
  const length = full === 0 ? 0 : Math.min(width, Math.round((value / full) * width))
  return block.repeat(length).padEnd(width)
}

/** Shows what is being done and for how long: a clock on a terminal, elsewhere a line every five seconds. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const begun = Date.now()
  const seconds = () => `${((Date.now() - begun) / 1000).toFixed(1)} s`
  if (!tty) say(`  ${title} ...`)
  const ticking = setInterval(
    () => process.stdout.write(tty ? `\r\u001b[K  ${title} ... ${seconds()}` : `    still at it, ${seconds()}\n`),
    tty ? 200 : 5000,
  )
  const end = (outcome: string) => {
    clearInterval(ticking)
    process.stdout.write(tty ? `\r\u001b[K  ${title}: ${outcome}\n` : `    ${outcome}\n`)
  }
  try {
    const result = await work()
    end(`${paint('green', 'done')}, ${seconds()}`)
    return result
  } catch (error) {
    end(paint('red', 'failed'))
    throw error
  }
}
