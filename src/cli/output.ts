/** What commands print on standard output. */
import { styleText } from 'node:util'

export type Style = 'green' | 'yellow' | 'red' | 'dim' | 'bold'
export type Paint = (style: Style, text: string) => string

/** Colours text where the terminal has colour and NO_COLOR is not set: styleText() asks the stream. */
export const paint: Paint = (style, text) => styleText(style, text, { stream: process.stdout })

/** How many characters fit in a text line: of the terminal, or what COLUMNS says; 80 where nobody does. */
export function terminalWidth(): number {
  return process.stdout.columns || Number(/^[1-9]\d{0,3}$/.exec(process.env['COLUMNS'] ?? '')?.[0]) || 80
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** The text without control characters but newlines: a name in a message must not steer the terminal. */
export function printableLines(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, '\uFFFD')
}
