/** INI text -> sections with the numbers of their text lines, which the `ini` package does not keep. Pure. */
import { unsafe } from 'ini'

export interface Section {
  readonly line: number
  /** `uplink` in `[uplink home]`. */
  readonly kind: string
  /** `home` in `[uplink home]`; null where there is no second word. */
  readonly name: string | null
  readonly entries: readonly Entry[]
}

export interface Entry {
  readonly line: number
  readonly key: string
  readonly value: string
}

interface Mistake {
  readonly line: number
  readonly message: string
}

export interface Lines {
  readonly sections: readonly Section[]
  readonly mistakes: readonly Mistake[]
}

/**
 * Splits INI text: `[kind name]`, `key = value`, comments from `;` or `#`. A text line that is none of these becomes a
 * mistake, and the rest is read all the same, so that one look at the file finds everything that is wrong with it.
 *
 * Only quotes and escapes of values are left to the `ini` package. Its parser would split section names at dots (VLANs
 * have them), merge sections and keys that come twice, and turn `true` into a boolean.
 */
export function splitLines(text: string): Lines {
  const sections: Section[] = []
  const mistakes: Mistake[] = []
  let entries: Entry[] | null = null
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = index + 1
    const content = raw.trim()
    if (content === '' || /^[;#]/.test(content)) continue
    const title = /^\[([^\]]*)\]\s*(?:[;#].*)?$/.exec(content)?.[1]
    if (title !== undefined) {
      entries = []
      sections.push({ line, ...splitTitle(title), entries })
      continue
    }
    const entry = readEntry(line, content)
    if (entry === null) mistakes.push({ line, message: 'expected [section] or key = value' })
    else if (entries === null) mistakes.push({ line, message: 'expected a [section] before the first key' })
    else entries.push(entry)
  }
  return { sections, mistakes }
}

function splitTitle(title: string): { kind: string; name: string | null } {
  const [kind = '', ...rest] = title.trim().split(/\s+/)
  return { kind, name: rest.length === 0 ? null : rest.join(' ') }
}

function readEntry(line: number, content: string): Entry | null {
  const equals = content.indexOf('=')
  if (content.startsWith('[') || equals < 1) return null
  return { line, key: content.slice(0, equals).trim(), value: decode(content.slice(equals + 1)) }
}

/** Unquotes a value. Within single quotes the package reads any JSON, whatever its types say: `'4'` gives a number. */
function decode(text: string): string {
  const value: unknown = unsafe(text)
  return typeof value === 'string' ? value.trim() : text.trim().slice(1, -1)
}
