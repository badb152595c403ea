/** What of docs/*.8 and *.5 can be checked against what they describe: sections, and the entries of their lists in mdoc(7). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ManEntry {
  /** The macros behind `.It`, such as `Ic mode No = Sy connection | flow`. */
  readonly head: string
  readonly text: string
}

export function manPage(name: string): string {
  return readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8').replaceAll('\\-', '-')
}

/** Between `.Sh TITLE` and the next. */
export function sectionOf(page: string, title: string): string {
  const section = page.split(/^\.Sh /m).find((one) => one.startsWith(`${title}\n`))
  if (section === undefined) throw new Error(`there is no section ${title}`)
  return section.slice(title.length + 1)
}

/** Entries that share a text, as `.It Ic source` and `.It Ic destination` do, have it each. */
export function entriesOf(section: string): readonly ManEntry[] {
  const [, ...items] = section.split(/^\.It /m)
  return items.map((item, index) => ({
    head: item.split('\n')[0] ?? '',
    text: textOf(items.slice(index).find((one) => one.trim().includes('\n')) ?? ''),
  }))
}

/** Words as they are read, without macros; of an item what is behind its head, up to the end of its list. */
function textOf(item: string): string {
  const [, ...lines] = (item.split(/^\.El$/m)[0] ?? '').split('\n')
  const words = lines.map((line) => (line.startsWith('.') ? line.replaceAll(/(^\.|\b)[A-Z][a-z]\b/g, '') : line))
  return words
    .join(' ')
    .replaceAll('\\&', '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ (?=[,.;:])/g, '')
}

/** `connections [--json]` for `.Cm connections` and `.Op Fl \-json`, without the blanks. */
export function callOf(macros: string): string {
  return macros
    .split('\n')
    .map((line) => {
      const words = line
        .replace(/^\./, '')
        .replaceAll(/\bFl (?=\S)/g, '-')
        .replaceAll(/\b(Cm|Ar|Ns|No)\b/g, '')
      const call = words.replaceAll(/\bOp\b/g, '[') + ']'.repeat([...words.matchAll(/\bOp\b/g)].length)
      return call.replaceAll(/\s/g, '')
    })
    .join('')
}
