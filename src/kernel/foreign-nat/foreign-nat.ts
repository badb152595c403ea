/**
 * What other programs translate on its way out, and whether they look the way back of packets up: their chains in
 * nftables, with those of iptables-nft, and the tables of iptables-legacy. Listing a ruleset of ten thousands of rules
 * takes half a second, and a failover must not wait for that. So what was read is kept until the kernel tells of a
 * change (daemon/watch/kernel.ts), or for as long as said below.
 */
import { existsSync } from 'node:fs'
import { nftTable, optionalPrograms, paths, programs } from '../../layout.ts'
import type { ForeignMark, ForeignNat } from '../../model/facts.ts'
import type { Family } from '../../net/family.ts'
import { readIfThere } from '../../os/files.ts'
import { log, messageOf } from '../../os/log.ts'
import { run } from '../../os/run.ts'
import { parseIptablesSave } from './iptables-save.ts'
import { parseSavedMarks } from './marks.ts'
import { contentsOfNat, parseNatListing } from './nft-listing.ts'
import { type Contents, type NamedContent, parseContent } from './set-contents.ts'

interface Read {
  readonly found: readonly ForeignNat[]
  readonly marks: readonly ForeignMark[]
  readonly reversePath: boolean
  readonly tables: readonly string[]
  /** Named sets and maps that were read: `inet fw exempt`. */
  readonly sets: readonly string[]
  readonly until: number
}

/** How long a reading is kept, so that a change that nobody told of is found at last. */
const keptMs = 300_000

/**
 * How long it is kept where there are legacy tables: nothing tells of their changes, so the next regular round finds
 * them.
 */
const keptLegacyMs = 25_000

const keptAfterFailureMs = 60_000

/** Bytes of the listing: all tables of a host, without the elements of their sets. */
const maxListing = 64 * 1024 * 1024

/** Bytes of one set's listing. */
const maxContent = 1024 * 1024

let kept: Read | null = null
let changes = 0
/** Why reading failed the last time; it is logged once. */
let told = ''

/** Has the next round read everything anew. */
export function forgetForeignNat(): void {
  changes++
  kept = kept && { ...kept, until: 0 }
}

/** Takes note of a text line of `nft monitor`. True where it tells that others' translation may have changed. */
export function noticeForeignNat(line: string): boolean {
  const [, table] = /^(?:add|insert|replace|delete|destroy) (?:rule|chain|table) (\S+ \S+)/.exec(line) ?? []
  const concerns =
    table !== undefined &&
    (kept?.tables.includes(table) || / type nat hook postrouting | fib saddr \. mark \. iif | mark set /.test(line)) &&
    !isOurs(table)
  const [, set] = /^(?:add|delete) element (\S+ \S+ \S+) /.exec(line) ?? []
  const isContent = set !== undefined && kept?.sets.includes(set) === true
  if (concerns || isContent || line.startsWith('# ERROR')) forgetForeignNat()
  return concerns || isContent
}

function isOurs(table: string): boolean {
  return table === `${nftTable.family} ${nftTable.name}`
}

/**
 * What others' rules do now. Never throws: where it cannot be read, the former reading stays in force, and the log says
 * so once.
 */
export async function readForeignNat(): Promise<Pick<Read, 'found' | 'marks' | 'reversePath'>> {
  const now = performance.now()
  if (kept && now < kept.until) return kept
  const before = changes
  const read = await readAll().catch((error): Read => {
    const message = messageOf(error)
    if (message !== told) log.failure('reading', "others' source NAT", error)
    told = message
    const { found = [], marks = [], reversePath = false, tables = [], sets = [] } = kept ?? {}
    return { found, marks, reversePath, tables, sets, until: now + keptAfterFailureMs }
  })
  kept = before === changes ? read : { ...read, until: 0 }
  return read
}

async function readAll(): Promise<Read> {
  const [listing, ...legacy] = await Promise.all([
    run(programs.nft, ['-j', '-t', 'list', 'ruleset'], { maxOutput: maxListing }),
    readLegacy('inet'),
    readLegacy('inet6'),
  ])
  const asked = contentsOfNat(listing.stdout)
  const contents = await readContents(asked)
  const { found, marks, tables, reversePath } = parseNatListing(listing.stdout, contents)
  const saved = await Promise.all(
    (['inet', 'inet6'] as const).flatMap((family) => [
      ...(marks.opaque ? [readMarks('nft', family)] : []),
      ...(hasLegacy('mangle', family) ? [readMarks('legacy', family)] : []),
    ]),
  )
  const isLegacy = legacy.some((one) => one !== null)
  told = ''
  const until = performance.now() + (isLegacy ? keptLegacyMs : keptMs)
  const all = unique([...found, ...legacy.flatMap((one) => one ?? [])])
  const sets = asked.map(({ key }) => key)
  return { found: all, marks: [...marks.marks, ...saved.flat()], reversePath, tables, sets, until }
}

/** What is in these sets and maps; one that cannot be read, or is large, is one that nobody can tell. */
async function readContents(asked: readonly NamedContent[]): Promise<Contents> {
  const read = await Promise.all(
    asked.map(async ({ kind, key }) => {
      const words = ['-j', 'list', kind, ...key.split(' ')]
      const elements = await run(programs.nft, words, { maxOutput: maxContent }).then(
        ({ stdout }) => parseContent(stdout),
        () => null,
      )
      return elements ? [[key, elements] as const] : []
    }),
  )
  return new Map(read.flat())
}

/**
 * Marks that iptables' rules write. nft lists iptables-nft's rules without their values, so iptables-save(8) is asked.
 * An output that cannot be read adds nothing, as marks are only told of.
 */
async function readMarks(kind: 'nft' | 'legacy', family: Family): Promise<readonly ForeignMark[]> {
  const program = savePrograms[kind][family]
  if (!existsSync(program)) return []
  const { stdout } = await run(program, ['-t', 'mangle'], { accept: [0, 1] })
  return parseSavedMarks(stdout, family, kind === 'nft' ? 'iptables-nft' : 'iptables-legacy')
}

const savePrograms = {
  nft: { inet: optionalPrograms.iptablesNftSave, inet6: optionalPrograms.ip6tablesNftSave },
  legacy: { inet: optionalPrograms.iptablesLegacySave, inet6: optionalPrograms.ip6tablesLegacySave },
} as const

/** What the legacy nat table does; null where there is none. Asking for a table that is not there would make it. */
async function readLegacy(family: Family): Promise<readonly ForeignNat[] | null> {
  const program = optionalPrograms[family === 'inet' ? 'iptablesLegacySave' : 'ip6tablesLegacySave']
  if (!hasLegacy('nat', family) || !existsSync(program)) return null
  const { stdout } = await run(program, ['-t', 'nat'])
  return parseIptablesSave(stdout, family)
}

/**
 * Whether there is such a legacy table. Root reads the names of this network namespace's tables; the daemon's user sees
 * only that the module has rules somewhere.
 */
function hasLegacy(table: 'nat' | 'mangle', family: Family): boolean {
  const { tables, modules } = paths.legacyTables[family]
  const names = readIfAllowed(tables)
  if (names !== null) return names.split('\n').includes(table)
  return new RegExp(`^${modules}${table} \\d+ [1-9]`, 'm').test(readIfAllowed(paths.modules) ?? '')
}

function readIfAllowed(path: string): string | null {
  try {
    return readIfThere(path)
  } catch {
    return null
  }
}

function unique(all: readonly ForeignNat[]): readonly ForeignNat[] {
  return [...new Map(all.map((one) => [JSON.stringify({ ...one, where: '' }), one])).values()]
}
