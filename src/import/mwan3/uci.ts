/** Files of OpenWrt's UCI: sections with options and lists. Pure. */
import type { Place, Remarking } from '../draft/draft.ts'
import { word } from '../draft/draft.ts'

export interface UciOption {
  readonly name: string
  readonly value: string
  readonly place: Place
}

export interface UciSection {
  readonly type: string
  /** Empty for one without a name. */
  readonly name: string
  /** Options once each, lists as often as they have values. */
  readonly options: readonly UciOption[]
  readonly place: Place
  /** Of `package NAME`, as `uci export` prints it; empty where there is none. */
  readonly package: string
}

/** More than anyone has: each is compared with others. */
const mostSections = 2000

export function readUci(path: string, text: string, remark: Remarking): readonly UciSection[] {
  const sections: (Omit<UciSection, 'options'> & { options: UciOption[] })[] = []
  let pack = ''
  for (const [index, line] of text.split('\n').entries()) {
    const place = { path, line: index + 1 }
    const words = wordsOf(line)
    if (words === null) {
      remark(place, `${word(line.trim())}: expected words, or texts in quotes that end on the same line`)
      continue
    }
    const [kind = '', first = '', second = ''] = words
    if (words.length === 0) continue
    if (kind === 'config' && sections.length === mostSections) {
      remark(place, `what follows is left out: more than ${mostSections} sections`)
      break
    }
    if (kind === 'package') pack = first
    else if (kind === 'config' && first !== '')
      sections.push({ type: first, name: second, options: [], place, package: pack })
    else if ((kind === 'option' || kind === 'list') && first !== '' && sections.length > 0)
      sections.at(-1)?.options.push({ name: first, value: second, place })
    else remark(place, `${word(line.trim())}: expected config, option or list`)
  }
  return sections
}

/** The last value, as UCI has it where an option comes twice. */
export function optionOf({ options }: UciSection, name: string): UciOption | undefined {
  return options.findLast((option) => option.name === name)
}

/** All values of a list, which may also be an option with blanks. */
export function listOf({ options }: UciSection, name: string): readonly UciOption[] {
  return options
    .filter((option) => option.name === name)
    .flatMap((option) => option.value.split(/\s+/).map((value) => ({ ...option, value })))
    .filter(({ value }) => value !== '')
}

/** Words of a line up to a comment; null where quotes do not end. */
function wordsOf(line: string): readonly string[] | null {
  const words: string[] = []
  const rest = line.trim()
  const token = /\s*(?:#.*$|((?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+))/gy
  while (token.lastIndex < rest.length) {
    const match = token.exec(rest)
    if (match === null) return null
    if (match[1] !== undefined) words.push(match[1].replaceAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, unquoted))
  }
  return words
}

function unquoted(_: string, single?: string, double?: string, escaped?: string): string {
  return single ?? double?.replaceAll(/\\(.)/g, '$1') ?? escaped ?? ''
}
