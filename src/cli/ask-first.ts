/** Asks a question on the terminal before something is done that cannot be undone. */
import { createInterface } from 'node:readline/promises'

/** Whether `y` or `yes` was the answer; null where there is no terminal to ask on. */
export async function askFirst(question: string): Promise<boolean | null> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  try {
    return /^y(es)?$/i.test((await Promise.race([terminal.question(`${question} [y/N] `), closed])).trim())
  } finally {
    terminal.close()
  }
}
