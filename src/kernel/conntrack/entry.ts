/** The kernel's connection table: how conntrack(8) lists and deletes entries, and what one of its text lines says. */
import { programs } from '../../layout.ts'
import type { Family } from '../../net/family.ts'
import { eachLine } from '../../os/lines.ts'
import { hex } from '../../values/hex.ts'

/** Words for the option --family. Without it, conntrack(8) looks at IPv4 alone. */
const familyNames = { inet: 'ipv4', inet6: 'ipv6' } as const

export function familyWords(family: Family) {
  return ['--family', familyNames[family]] as const
}

/**
 * Calls `take` with each text line of the listing; `filters` are options of conntrack(8). Throws where that fails, as
 * it does for others than root.
 */
export async function eachEntry(
  family: Family,
  filters: readonly string[],
  take: (line: string) => void,
): Promise<void> {
  await eachLine(programs.conntrack, ['--dump', ...familyWords(family), ...filters], take)
}

/** The command that deletes entries of a family by mark, and by source where one is given. */
export function deleteByMark(family: Family, mark: number, mask: number, source: string | undefined) {
  const from = source === undefined ? [] : ['--orig-src', source]
  const words = ['--delete', ...familyWords(family), '--mark', `${hex(mark)}/${hex(mask)}`, ...from]
  return [programs.conntrack, ...words] as const
}

/** Whether a text line is an entry. conntrack(8) prints other things, too. */
export function isEntry(line: string): boolean {
  return line.includes(' src=')
}

/** The mark of an entry; 0 where none is printed, as such an entry has no mark of ours. */
export function markOf(line: string): number {
  return numberAfter(line, ' mark=', line.lastIndexOf(' mark='))
}

/** The number behind `word`, which stands at `at` in the text line; 0 where there is none. */
export function numberAfter(line: string, word: string, at: number): number {
  return at === -1 ? 0 : Number.parseInt(line.slice(at + word.length), 10) || 0
}

/** An entry that was never answered, and that nobody translates. */
export interface Unanswered {
  readonly source: string
  readonly destination: string
  readonly mark: number
  /** Options with which conntrack(8) finds the entry again. */
  readonly words: string
}

const tuple = /src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+)| type=(\d+) code=(\d+) id=(\d+))/
const pattern = new RegExp(`^ipv[46] +\\d+ \\S+ +(1|6|17|58) .*?${tuple.source} .*?\\[UNREPLIED\\] ${tuple.source} `)

/**
 * The entry of a text line of `--output extended`; null for one that was answered, or is translated, or is in a zone.
 */
export function unansweredOf(line: string): Unanswered | null {
  const found = pattern.exec(line)
  if (!found || line.includes(' zone')) return null
  const [, protocol, source = '', destination = '', sport, dport, type, code, id, ...reply] = found
  const [from, to, fromPort, toPort] = reply
  if (from !== destination || to !== source || fromPort !== dport || toPort !== sport) return null
  const words = wordsOf(protocol, source, destination, [sport, dport, type, code, id])
  return { source, destination, mark: markOf(line), words }
}

/** An entry whose source is translated. */
export interface Translated extends Pick<Unanswered, 'source' | 'mark' | 'words'> {
  /** Of IP. */
  readonly protocol: number
  readonly sourcePort: number | null
  /** The other end, also where this host or another has changed what was asked for. */
  readonly peer: string
  readonly peerPort: number | null
  /** What the other end knows it by. */
  readonly to: string
}

/** Other protocols than the usual ones have no ports here. */
const ends = /src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+)| type=(\d+) code=(\d+) id=(\d+))?/
const translatedPattern = new RegExp(
  `^ipv[46] +\\d+ \\S+ +(\\d+) .*?${ends.source} .*?src=(\\S+) dst=(\\S+)(?: sport=(\\d+))? `,
)

/** The entry of a text line of `--output extended`; null for one whose source is not translated, or is in a zone. */
export function translatedOf(line: string): Translated | null {
  const found = translatedPattern.exec(line)
  if (!found || line.includes(' zone')) return null
  const [, protocol, source = '', destination = '', ...rest] = found
  const [peer = '', to = '', peerPort] = rest.slice(5)
  if (to === source) return null
  const port = (text: string | undefined) => (text === undefined ? null : Number(text))
  const words = wordsOf(protocol, source, destination, rest)
  const [sourcePort] = rest
  return {
    ...{ protocol: Number(protocol), source, sourcePort: port(sourcePort), peer, peerPort: port(peerPort), to },
    ...{ mark: markOf(line), words },
  }
}

/** Options with which conntrack(8) finds an entry by its first tuple; `rest` is what `tuple` has found behind the addresses. */
function wordsOf(
  protocol: string | undefined,
  source: string,
  destination: string,
  [sport, dport, type, code, id]: readonly (string | undefined)[],
): string {
  const ports = sport === undefined ? '' : ` --sport ${sport} --dport ${dport}`
  const name = protocol === '58' ? 'icmpv6' : 'icmp'
  const echo = type === undefined ? '' : ` --${name}-type ${type} --${name}-code ${code} --${name}-id ${id}`
  return `-p ${protocol} -s ${source} -d ${destination}${ports}${echo}`
}

/** The text line with which `conntrack --load-file` deletes the entry. */
export function deleteLine(family: Family, { words }: Pick<Unanswered, 'words'>): string {
  return `-D -f ${familyNames[family]} ${words}\n`
}
