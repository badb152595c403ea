/** A terminal as a whole: what is drawn is there until it is given back as it was, however the program ends. */
import { writeSync } from 'node:fs'
import { Failure } from '../os/error.ts'
import type { Size } from './top-text.ts'

export interface Screen {
  readonly size: () => Size
  readonly draw: (lines: readonly string[]) => void
  readonly close: () => void
}

/** Another screen than the one with the shell's lines, without a cursor, and without breaking lines; and back (xterm's control sequences). */
const begin = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const end = '\u001b[?7h\u001b[?25h\u001b[?1049l'

/** Takes the terminal: `onKey` hears what is typed, `onResize` that it has another size. Throws where it is none. */
export function openScreen(onKey: (key: string) => void, onResize: () => void): Screen {
  const { stdin, stdout } = process
  if (!stdin.isTTY || !stdout.isTTY) throw new Failure('output', 'opening the screen: this is no terminal')
  let isOpen = true
  const close = () => {
    if (!isOpen) return
    isOpen = false
    try {
      stdin.setRawMode(false)
      // At the end of a process, nothing else is written any more.
      writeSync(stdout.fd, end)
    } catch {
      // The terminal is gone, and with it what there was to give back.
    }
  }
  process.on('exit', close)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8').on('data', (keys: string) => [...keys].forEach(onKey))
  // The terminal was closed.
  stdin.on('end', () => onKey('q')).on('error', () => onKey('q'))
  stdout.on('resize', onResize)
  stdout.write(begin)
  return {
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    // The rest of each line, and of the screen, is cleared; nothing is cleared before, which would flicker.
    draw: (lines) => void (isOpen && stdout.write(`\u001b[H${lines.join('\u001b[K\r\n')}\u001b[K\u001b[J`)),
    close,
  }
}
