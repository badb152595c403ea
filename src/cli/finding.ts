/** One finding of `ifbalance check`, and its text line. */
import { type Paint, printableLines, type Style } from './output.ts'

export interface Finding {
  readonly level: 'ok' | 'warning' | 'error'
  /** What was looked at. */
  readonly what: string
  readonly message: string
}

const styles: Readonly<Record<Finding['level'], Style>> = { ok: 'green', warning: 'yellow', error: 'red' }

/** A finding as one text line for people. */
export function findingLine({ level, what, message }: Finding, paint: Paint): string {
  return `${paint(styles[level], level.padEnd(7))}  ${what.padEnd(13)}  ${printableLines(message)}`
}
