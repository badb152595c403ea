/**
 * What other programs translate on its way out, and whether they look the way back of packets up: their chains in nftables, iptables-nft's among them, and iptables-legacy's
 * tables. Rulesets of ten thousands of rules are listed in half a second, and a failover must not wait for that: so what was
 * read is kept until the kernel tells of a change (daemon/watch/kernel.ts), or for as long as said below.
 */
import { existsSync } from 'node:fs'
import { nftTable, optionalPrograms, paths, programs } from '../../layout.ts'
import type { ForeignNat } from '../../model/facts.ts'
import type { Family } from '../../net/family.ts'
import { readIfThere } from '../../os/files.ts'
import { log, messageOf } from '../../os/log.ts'
import { run } from '../../os/run.ts'
import { parseIptablesSave } from './iptables-save.ts'
import { parseNatListing } from './nft-listing.ts'

interface Read {
  readonly found: readonly ForeignNat[]
  readonly reversePath: boolean
  readonly tables: readonly string[]
  readonly until: number
}

/** A change that nobody told is found at last. */
const keptMs = 300_000

/** Nothing tells of legacy tables' changes: the next regular look finds them. */
const keptLegacyMs = 25_000

const keptAfterFailureMs = 60_000

/** All tables of a host, without the elements of their sets. */
const maxListing = 64 * 1024 * 1024

let kept: Read | null = null
let changes = 0
/** Why it could not be read the last time. */
let told = ''

export function forgetForeignNat(): void {
  changes++
  kept = kept && { ...kept, until: 0 }
}

/** Takes note of a line of `nft monitor`; true where it tells that others' translation may have changed. */
export function noticeForeignNat(line: string): boolean {
  const [, table] = /^(?:add|insert|replace|delete|destroy) (?:rule|chain|table) (\S+ \S+)/.exec(line) ?? []
  const concerns =
    table !== undefined &&
    (kept?.tables.includes(table) || / type nat hook postrouting | fib saddr \. mark \. iif /.test(line)) &&
    !isOurs(table)
  if (concerns || line.startsWith('# ERROR')) forgetForeignNat()
  return concerns
}

function isOurs(table: string): boolean {
  return table === `${nftTable.family} ${nftTable.name}`
}

/** Never throws: what cannot be read now is as it was, and told once. */
export async function readForeignNat(): Promise<Pick<Read, 'found' | 'reversePath'>> {
  const now = performance.now()
  if (kept && now < kept.until) return kept
  const before = changes
  const read = await readAll().catch((error): Read => {
    const message = messageOf(error)
    if (message !== told) log.warning(`reading others' source NAT: ${message}`)
    told = message
    const { found = [], reversePath = false, tables = [] } = kept ?? {}
    return { found, reversePath, tables, until: now + keptAfterFailureMs }
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
  const { found, tables, reversePath } = parseNatListing(listing.stdout)
  const isLegacy = legacy.some((one) => one !== null)
  told = ''
  const until = performance.now() + (isLegacy ? keptLegacyMs : keptMs)
  return { found: unique([...found, ...legacy.flatMap((one) => one ?? [])]), reversePath, tables, until }
}

/** Null where there is no such table: asking for one that is not there would make it. */
async function readLegacy(family: Family): Promise<readonly ForeignNat[] | null> {
  const program = optionalPrograms[family === 'inet' ? 'iptablesLegacySave' : 'ip6tablesLegacySave']
  if (!hasLegacyNat(family) || !existsSync(program)) return null
  const { stdout } = await run(program, ['-t', 'nat'])
  return parseIptablesSave(stdout, family)
}

/** Root reads the names of this network namespace's tables; the daemon may only see that the module has rules somewhere. */
function hasLegacyNat(family: Family): boolean {
  const { tables, module } = paths.legacyTables[family]
  const names = readIfAllowed(tables)
  if (names !== null) return names.split('\n').includes('nat')
  return new RegExp(`^${module} \\d+ [1-9]`, 'm').test(readIfAllowed(paths.modules) ?? '')
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
