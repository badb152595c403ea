/** The kernel's connection table: how conntrack(8) is asked for entries and told to delete some, and what a line of it says. */
import { programs } from '../../layout.ts'
import type { Family } from '../../net/family.ts'
import { eachLine } from '../../os/lines.ts'
import { hex } from '../../values/hex.ts'

/** conntrack(8) looks at IPv4 alone unless told. */
const familyNames = { inet: 'ipv4', inet6: 'ipv6' } as const

/** Calls `take` with each line, `filters` in words of conntrack(8). Throws where it fails, as for others than root. */
export async function eachEntry(
  family: Family,
  filters: readonly string[],
  take: (line: string) => void,
): Promise<void> {
  await eachLine(programs.conntrack, ['--dump', '--family', familyNames[family], ...filters], take)
}

/** For those of one family by mark, or also by their source. */
export function deleteByMark(family: Family, mark: number, mask: number, source: string | undefined) {
  const from = source === undefined ? [] : ['--orig-src', source]
  const words = ['--delete', '--family', familyNames[family], '--mark', `${hex(mark)}/${hex(mask)}`, ...from]
  return [programs.conntrack, ...words] as const
}

/** Whether it is an entry, and not something that conntrack(8) says besides. */
export function isEntry(line: string): boolean {
  return line.includes(' src=')
}

/** 0 where there is none: an entry without has none of ours. */
export function markOf(line: string): number {
  return numberAfter(line, ' mark=', line.lastIndexOf(' mark='))
}

/** The number behind `word` at this place in the line; 0 where there is none. */
export function numberAfter(line: string, word: string, at: number): number {
  return at === -1 ? 0 : Number.parseInt(line.slice(at + word.length), 10) || 0
}

/** An entry that was never answered, and is translated by nobody. */
export interface Unanswered {
  readonly source: string
  readonly destination: string
  readonly mark: number
  /** What conntrack(8) knows it by. */
  readonly words: string
}

const tuple = /src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+)| type=(\d+) code=(\d+) id=(\d+))/
const pattern = new RegExp(`^ipv[46] +\\d+ \\S+ +(1|6|17|58) .*?${tuple.source} .*?\\[UNREPLIED\\] ${tuple.source} `)

/** Of a line with `--output extended`: null for what was answered, or is translated, or of a zone. */
export function unansweredOf(line: string): Unanswered | null {
  const found = pattern.exec(line)
  if (!found || line.includes(' zone')) return null
  const [, protocol, source = '', destination = '', sport, dport, type, code, id, ...reply] = found
  const [from, to, fromPort, toPort] = reply
  if (from !== destination || to !== source || fromPort !== dport || toPort !== sport) return null
  const ports =
    type === undefined ? `--sport ${sport} --dport ${dport}` : `--icmp-type ${type} --icmp-code ${code} --icmp-id ${id}`
  const words = `-p ${protocol} -s ${source} -d ${destination} ${ports}`
  return { source, destination, mark: markOf(line), words }
}

/** A line for `conntrack --load-file`. */
export function deleteLine(family: Family, { words }: Unanswered): string {
  return `-D -f ${familyNames[family]} ${words}\n`
}
