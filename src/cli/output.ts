/** What commands print on standard output. */
import { styleText } from 'node:util'

export type Style = 'green' | 'yellow' | 'red' | 'dim' | 'bold'
export type Paint = (style: Style, text: string) => string

/** Colours text where the terminal has colour and NO_COLOR is not set: styleText() asks the stream. */
export const paint: Paint = (style, text) => styleText(style, text, { stream: process.stdout })

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** The text without control characters but newlines: a name in a message must not steer the terminal. */
export function printableLines(text: string): string {
  return text.replace(/[^\P{C}\n]/gu, '\uFFFD')
}
