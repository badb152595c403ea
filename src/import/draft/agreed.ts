/** The text of a draft, in which ifbalance.conf(5) allows everything: what it does not allow becomes a remark. Pure. */
import { parseConfig } from '../../config/parse.ts'
import type { Outside } from '../../config/values/outside.ts'
import { maxUplinks } from '../../layout.ts'
import { printable } from '../../os/log.ts'
import type { Draft, DraftEntry, DraftSection, Place, Remark } from './draft.ts'

/** As many uplinks as there can be, and more rules than people write: each is compared with those before it. */
const most = { balance: 1, uplink: maxUplinks, rule: 500 } as const
/** In each, up to fifty sections or entries go. */
const mostRounds = 40

interface Line {
  readonly text: string
  readonly section?: DraftSection
  readonly entry?: DraftEntry
}

/** The configuration as text, and what is not in it, in the order of the files that it comes from. */
export function agreed(
  draft: Draft,
  outside?: Outside,
): { readonly text: string; readonly remarks: readonly Remark[] } {
  const remarks = [...draft.remarks]
  let sections = few(draft.sections, remarks)
  for (let round = 0; round < mostRounds; round++) {
    const lines = linesOf(sections)
    const text = lines.map((line) => `${line.text}\n`).join('')
    const loaded = parseConfig([{ path: 'draft', text }], outside)
    if (loaded.ok) return { text, remarks: inOrder(remarks) }
    sections = without(sections, lines, loaded.errors, remarks)
  }
  for (const { from } of sections) remarks.push({ place: from, text: 'left out: too much before it was wrong' })
  return { text: '', remarks: inOrder(remarks) }
}

/** The first sections of each kind. */
function few(sections: readonly DraftSection[], remarks: Remark[]): DraftSection[] {
  const counts = { balance: 0, uplink: 0, rule: 0 }
  return sections.filter(({ kind, from }) => {
    const isOne = ++counts[kind] <= most[kind]
    if (!isOne) remarks.push({ place: from, text: `left out: more than ${most[kind]} of a kind` })
    return isOne
  })
}

function linesOf(sections: readonly DraftSection[]): readonly Line[] {
  return sections.flatMap((section) => [
    { text: printable(`# ${section.from.path}:${section.from.line}`) },
    { text: section.name === null ? `[${section.kind}]` : `[${section.kind} ${section.name}]`, section },
    ...section.entries.map((entry) => ({ text: `${entry.key} = ${oneLine(entry.value)}`, section, entry })),
    { text: '' },
  ])
}

/** A value from outside must not begin a section of its own. */
function oneLine(value: string): string {
  return printable(value.replaceAll(/[\r\n]+/g, ' '))
}

/** Less by what the errors are about: a key of an uplink, a rule with all that it matches. */
function without(
  sections: readonly DraftSection[],
  lines: readonly Line[],
  errors: readonly string[],
  remarks: Remark[],
): DraftSection[] {
  const gone = new Set<DraftSection | DraftEntry>()
  for (const error of errors) {
    const [, number, key, reason = error] = /^draft:(\d+): (?:\[[^\]]*\](?: ([\w-]+))?: )?(.*)$/s.exec(error) ?? []
    const { section, entry } = lines[Number(number) - 1] ?? {}
    // A rule without one of its conditions would match more than was meant.
    const wrong = section?.kind === 'rule' ? section : (entry ?? section)
    if (wrong === undefined || gone.has(wrong)) continue
    gone.add(wrong)
    remarks.push({ place: wrong.from, text: `left out: ${key === undefined ? '' : `${key}: `}${reason}` })
  }
  // What cannot be placed is nobody's: nothing is left to be wrong.
  if (gone.size === 0) return []
  return sections
    .filter((section) => !gone.has(section))
    .map((section) => ({ ...section, entries: section.entries.filter((entry) => !gone.has(entry)) }))
}

function inOrder(remarks: readonly Remark[]): readonly Remark[] {
  const files = [...new Set(remarks.map(({ place }) => place.path))]
  const rank = ({ path }: Place) => files.indexOf(path)
  return remarks.toSorted((a, b) => rank(a.place) - rank(b.place) || a.place.line - b.place.line)
}
