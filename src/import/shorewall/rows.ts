/** Rows of Shorewall's files: columns, variables of params, comments and continued lines. Pure. */
import type { Place, Remarking } from '../draft/draft.ts'
import { word } from '../draft/draft.ts'

export interface Row {
  /** A column that is not there, or is `-`, is empty. */
  readonly columns: readonly string[]
  readonly place: Place
  /** What `?FORMAT` said last, 1 where nothing did. */
  readonly format: number
}

/** More than anyone has: each is compared with others. */
const mostRows = 2000

export function rowsOf(
  path: string,
  text: string,
  params: ReadonlyMap<string, string>,
  remark: Remarking,
): readonly Row[] {
  const rows: Row[] = []
  let format = 1
  let depth = 0
  for (const { line, place } of joinedLines(path, text)) {
    const said = line.replace(/(^|\s)#.*$/s, '').trim()
    if (said === '') continue
    const [, directive = '', rest = ''] =
      /^\??(FORMAT|IF|ELSIF|ELSE|ENDIF|SECTION|COMMENT|INCLUDE|SET|SHELL|BEGIN|END)\b\s*(.*)$/is.exec(said) ?? []
    const kind = directive.toUpperCase()
    if (kind === 'FORMAT') format = Number(rest) || 1
    else if (kind === 'IF') depth++
    else if (kind === 'ENDIF') depth = Math.max(0, depth - 1)
    if (kind === 'COMMENT' || kind === 'FORMAT' || kind === 'ENDIF') continue
    if (rows.length === mostRows) {
      remark(place, `what follows is left out: more than ${mostRows} rows`)
      break
    }
    if (kind !== '') remark(place, `${word(said)}: not followed`)
    else if (depth > 0) remark(place, `${word(said)}: left out: it depends on a condition`)
    else {
      const columns = columnsOf(said, params)
      if (typeof columns === 'string') remark(place, `${word(said)}: left out: ${columns}`)
      else rows.push({ columns, place, format })
    }
  }
  return rows
}

/** The columns, or why there are none. */
function columnsOf(text: string, params: ReadonlyMap<string, string>): readonly string[] | string {
  if (/[{};`]/.test(text.replaceAll(/\$\{\w+\}/g, ''))) return 'columns by name: expected them in order'
  const { expanded, unknown } = expand(text, params)
  if (unknown !== null) return `${word(unknown)} is in no file that was given`
  return expanded
    .split(/\s+/)
    .filter((one) => one !== '')
    .slice(0, 20)
    .map((one) => (one === '-' ? '' : one))
}

/** Lines that end in a backslash go on in the next. */
function joinedLines(path: string, text: string): readonly { readonly line: string; readonly place: Place }[] {
  const joined: { line: string; place: Place }[] = []
  let open = false
  for (const [index, line] of text.split('\n').entries()) {
    const goesOn = line.endsWith('\\')
    const part = goesOn ? line.slice(0, -1) : line
    const last = joined.at(-1)
    if (open && last !== undefined) last.line += part
    else joined.push({ line: part, place: { path, line: index + 1 } })
    open = goesOn
  }
  return joined
}

/** Shell variables of /etc/shorewall/params that are words; what has to be run for them is not. */
export function paramsOf(path: string, text: string, remark: Remarking): ReadonlyMap<string, string> {
  const params = new Map<string, string>()
  for (const { line, place } of joinedLines(path, text)) {
    const said = line.replace(/(^|\s)#.*$/s, '').trim()
    if (said === '') continue
    const [, name = '', double, single, bare = ''] =
      /^(?:export\s+)?(\w+)=(?:"([^"`]*)"|'([^']*)'|([^\s"'`;&|()<>]*))$/.exec(said) ?? []
    const value = single ?? expandedValue(double ?? bare, params)
    if (name === '' || value === null) remark(place, `${word(said)}: expected NAME=VALUE, without commands`)
    else params.set(name, value.slice(0, 1000))
  }
  return params
}

/** Null where a command would have to be run, or another variable is not known. */
function expandedValue(text: string, params: ReadonlyMap<string, string>): string | null {
  if (/\$[^\w{]/.test(text)) return null
  const { expanded, unknown } = expand(text, params)
  return unknown === null ? expanded : null
}

/** The text with the values of its variables; `unknown` is the first without one, or with one that is no word. */
function expand(text: string, params: ReadonlyMap<string, string>): { expanded: string; unknown: string | null } {
  let unknown: string | null = null
  const expanded = text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? ''
    // The host itself.
    if (name === 'FW') return '$FW'
    const value = params.get(name) ?? ''
    // An empty word would have the columns behind it take its place.
    unknown ??= value === '' ? whole : null
    return value
  })
  return { expanded, unknown }
}
