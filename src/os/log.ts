/** One line a message on standard error; under systemd with the priority that sd-daemon(3) describes. */

const priorities = { error: 3, warning: 4, notice: 5, info: 6 } as const

function write(level: keyof typeof priorities, message: string): void {
  const line = printable(message)
  process.stderr.write(process.env['JOURNAL_STREAM'] ? `<${priorities[level]}>${line}\n` : `ifbalance: ${line}\n`)
}

export const log = {
  error: (message: string) => write('error', message),
  warning: (message: string) => write('warning', message),
  notice: (message: string) => write('notice', message),
  info: (message: string) => write('info', message),
}

/** Keeps a message to one line and free of control characters, whatever names it quotes. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\t]/gu, '\uFFFD').slice(0, 2000)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
