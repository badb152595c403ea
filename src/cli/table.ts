/** Lays out a table in columns. Pure. */
import type { Paint, Style } from './output.ts'

export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
}

export interface Cell {
  readonly text: string
  readonly style?: Style
}

/**
 * The table as text lines without trailing spaces. Cells must be ASCII, as all names and addresses are that we let in.
 */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
): readonly string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => textAt(row, index).length)),
  )
  const header = columns.map(({ title }): Cell => ({ text: title, style: 'bold' }))
  return [header, ...rows].map((row) =>
    columns
      .map(({ align }, index) => pad(row[index] ?? { text: '' }, widths[index] ?? 0, align, paint))
      .join('  ')
      .trimEnd(),
  )
}

function textAt(row: readonly Cell[], index: number): string {
  return row[index]?.text ?? ''
}

/**
 * A cell filled up to its width. Colour goes around the text alone, so that it takes no part in widths and trimming.
 */
function pad({ text, style }: Cell, width: number, align: Column['align'], paint: Paint): string {
  const space = ' '.repeat(width - text.length)
  const painted = style === undefined || text === '' ? text : paint(style, text)
  return align === 'left' ? painted + space : space + painted
}
