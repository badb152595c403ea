/** A file of addresses for a rule: one address, prefix or range on a text line, comments from `#` or `;`. Pure. */

import { familyOfElement } from '../../net/address-range.ts'
import type { Family } from '../../net/family.ts'
import { digest } from '../../values/digest.ts'

const mostElements = 100_000

export interface SetFile {
  readonly elements: Readonly<Record<Family, readonly string[]>>
  readonly digests: Readonly<Record<Family, string>>
  readonly mistakes: readonly { readonly line: number; readonly text: string; readonly expected: string }[]
}

/** Reads the file's text, all of it, so that one look finds all that is wrong. */
export function readSetFile(text: string): SetFile {
  const elements = { inet: [] as string[], inet6: [] as string[] }
  const mistakes: SetFile['mistakes'][number][] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const entry = raw.replace(/[#;].*/, '').trim()
    if (entry === '') continue
    const family = familyOfElement(entry)
    if (family === null)
      mistakes.push({ line: index + 1, text: entry, expected: 'an address, a prefix or a range FIRST-LAST' })
    else elements[family].push(entry)
  }
  const count = elements.inet.length + elements.inet6.length
  if (count > mostElements)
    mistakes.push({ line: count, text: `${count} entries`, expected: `at most ${mostElements} in one file` })
  const digestOf = (family: Family) => digest(`${family} ${elements[family].join()}`)
  return { elements, digests: { inet: digestOf('inet'), inet6: digestOf('inet6') }, mistakes }
}
