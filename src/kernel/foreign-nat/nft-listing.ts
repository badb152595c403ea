/** `nft -j list ruleset` -> what other programs' chains of type nat do in the postrouting hook. Pure. */
import { nftTable } from '../../layout.ts'
import type { ForeignNat } from '../../model/facts.ts'
import type { Family, Range } from '../../net/family.ts'
import { type MarkListing, parseMarks } from './marks.ts'
import {
  type Asked,
  addressAsked,
  deviceAsked,
  followChains,
  type NatRule,
  type NatVerdict,
  portAsked,
  protocolAsked,
} from './rules.ts'
import { type Contents, contentsAsked, type NamedContent } from './set-contents.ts'

type Json = Readonly<Record<string, unknown>>

interface NatTable {
  readonly family: string
  readonly name: string
  readonly base: string[]
  readonly chains: Map<string, NatRule[]>
}

export interface NatListing {
  readonly found: readonly ForeignNat[]
  /** Families and names of tables that have such a chain or rule: `ip nat`. */
  readonly tables: readonly string[]
  readonly marks: MarkListing
  /**
   * Whether somebody drops packets that come in by another way than an answer would leave by, looked up with the
   * packet's mark.
   */
  readonly reversePath: boolean
}

const familyOfTable: Readonly<Record<string, Family | null>> = { ip: 'inet', ip6: 'inet6', inet: null }

/** The named sets and maps that source NAT asks, from such a listing. Throws where it is no JSON of nft's. */
export function contentsOfNat(stdout: string): readonly NamedContent[] {
  const { nftables }: { nftables: readonly Json[] } = JSON.parse(stdout)
  return contentsAsked(nftables, new Set(natTables(nftables).keys()))
}

/**
 * What the listing says, with what is in named sets and maps where that is known. Throws where it is no JSON of nft's.
 */
export function parseNatListing(stdout: string, contents: Contents = new Map()): NatListing {
  const { nftables }: { nftables: readonly Json[] } = JSON.parse(stdout)
  const tables = natTables(nftables)
  // Each chain of a hook is followed by itself, as what one program exempts, another may translate.
  for (const item of nftables) {
    if (!('rule' in item)) continue
    const { family, table, chain, expr } = item['rule'] as Record<'family' | 'table' | 'chain', string> & {
      expr?: readonly unknown[]
    }
    const owner = tables.get(`${family} ${table}`)
    if (!owner) continue
    const rules = owner.chains.get(chain) ?? []
    owner.chains.set(chain, rules)
    rules.push(...rulesOf((expr ?? []).map((part) => filled(part, `${family} ${table}`, contents))))
  }
  const found = [...tables.values()].flatMap(({ family, name, base, chains }) => {
    const own = familyOfTable[family]
    return base
      .flatMap((chain) => followChains(chain, chains, `${family} ${name} ${chain}`))
      .filter((one) => !own || !one.family || one.family === own)
      .map((one): ForeignNat => (own ? { ...one, family: own } : one))
  })
  const looking = nftables.filter(asksReversePath).map(({ rule }) => {
    const { family, table } = rule as Readonly<Record<string, string>>
    return `${family} ${table}`
  })
  const marks = parseMarks(nftables, (table) => table === `${nftTable.family} ${nftTable.name}`)
  const known = new Set([...tables.keys(), ...looking, ...marks.tables])
  return { found, marks, tables: [...known], reversePath: looking.length > 0 }
}

/** Whether the rule has `fib saddr . mark . iif oif`, as firewalld's for IPv6 does. */
function asksReversePath(item: Json): boolean {
  const { expr = [] } = (item['rule'] ?? {}) as { expr?: readonly unknown[] }
  return expr.some((part) => {
    const { left } = ((part as Json | null)?.['match'] ?? {}) as Json
    const { flags } = ((left as Json | undefined)?.['fib'] ?? {}) as { flags?: unknown }
    return Array.isArray(flags) && ['saddr', 'mark', 'iif'].every((flag) => flags.includes(flag))
  })
}

function natTables(nftables: readonly Json[]): ReadonlyMap<string, NatTable> {
  const tables = new Map<string, NatTable>()
  for (const item of nftables) {
    if (!('chain' in item)) continue
    const { family, table, name, type, hook } = item['chain'] as Readonly<Record<string, string | undefined>>
    if (family === undefined || table === undefined || name === undefined || familyOfTable[family] === undefined)
      continue
    if (type !== 'nat' || hook !== 'postrouting' || (family === nftTable.family && table === nftTable.name)) continue
    const key = `${family} ${table}`
    const known: NatTable = tables.get(key) ?? { family, name: table, base: [], chains: new Map() }
    known.base.push(name)
    tables.set(key, known)
  }
  return tables
}

/** The rules that one rule of nft stands for: itself alone, or one for each element of its verdict map. */
function rulesOf(expr: readonly unknown[]): readonly NatRule[] {
  const asked: Asked[] = []
  for (const part of expr) {
    // nft lists as a string what it has no JSON for.
    const [kind, body] = typeof part === 'string' ? ['', part] : first(part)
    const verdict = verdictOf(kind, body)
    if (verdict) return [{ asked: verdict.asked ? [...asked, verdict.asked] : asked, verdict: verdict.verdict }]
    if (kind === 'vmap') return mapped(body as Json, asked)
    if (kind === 'match') asked.push(matched(body as Json))
    else if (kind === 'xt' && (body as Json | null)?.['name'] === 'policy') asked.push({ ipsec: true, unknown: true })
    else if (!isNeutral(kind, body)) asked.push({ unknown: true })
  }
  return []
}

/** A match or a verdict map with the elements in the place of a name. */
function filled(part: unknown, table: string, contents: Contents): unknown {
  const [kind, body] = first(part)
  const where = kind === 'match' ? 'right' : kind === 'vmap' ? 'data' : null
  const name = where && (body as Json | null)?.[where]
  const set = typeof name === 'string' && name.startsWith('@') && contents.get(`${table} ${name.slice(1)}`)
  return where && set ? { [kind]: { ...(body as Json), [where]: { set } } } : part
}

const xtTranslations: readonly unknown[] = ['MASQUERADE', 'SNAT', 'NETMAP', 'SAME']

function verdictOf(kind: string, body: unknown): { verdict: NatVerdict; asked?: Asked } | null {
  if (kind === 'masquerade') return { verdict: { does: 'translates' } }
  // An address that is looked up in a map is there for some sources only.
  if (kind === 'snat') {
    const address = (body as Json | null)?.['addr']
    const isKnown = typeof address === 'string' || ['prefix', 'range'].includes(first(address)[0])
    return { verdict: { does: 'translates' }, ...(isKnown ? {} : { asked: { unknown: true } }) }
  }
  if (kind === 'xt' && xtTranslations.includes((body as Json | null)?.['name']))
    return { verdict: { does: 'translates' } }
  if (kind === 'accept') return { verdict: { does: 'accepts' } }
  if (kind === 'return') return { verdict: { does: 'returns' } }
  if (kind === 'jump' || kind === 'goto')
    return { verdict: { does: 'calls', chain: String((body as Json | null)?.['target']) } }
  return null
}

/** Whether a statement makes no difference to which packets the rule matches. */
function isNeutral(kind: string, body: unknown): boolean {
  if (kind === 'xt')
    return (body as Json | null)?.['type'] === 'target' || (body as Json | null)?.['name'] === 'comment'
  return ['counter', 'log', 'mangle', 'notrack'].includes(kind)
}

function mapped({ key, data }: Json, asked: readonly Asked[]): readonly NatRule[] {
  const elements = typeof data === 'string' ? [] : first(data)[1]
  return (Array.isArray(elements) ? elements : []).flatMap((element): NatRule[] => {
    const [value, verdict] = element as [unknown, unknown]
    const [kind, body] = first(verdict)
    const known = verdictOf(kind, body)
    return known ? [{ asked: [...asked, matched({ op: '==', left: key, right: value })], verdict: known.verdict }] : []
  })
}

function matched({ op, left, right }: Json): Asked {
  const not = op === '!='
  const values = valuesOf(right)
  if ((!not && op !== '==' && op !== 'in') || values === null) return { unknown: true }
  const [kind, body] = first(left)
  const { key, protocol, field } = (body ?? {}) as Readonly<Record<string, string | undefined>>
  if (kind === 'rt' && key === 'ipsec') return { ipsec: true }
  // Chains of type nat see new connections only, so `ct state new` asks nothing.
  if (kind === 'ct' && key === 'state') return !not && values.includes('new') ? {} : { unknown: true }
  if (kind === 'meta') return metaAsked(String(key), not, values)
  if (kind === 'payload' && (protocol === 'ip' || protocol === 'ip6')) {
    if (field === 'saddr' || field === 'daddr') return addressAsked(field, not, values)
    if (field === 'protocol' || field === 'nexthdr') return protocolAsked(not, values)
  }
  if (kind === 'payload' && (field === 'sport' || field === 'dport'))
    return portAsked(String(protocol), field, not, values.map(portRange))
  return { unknown: true }
}

function metaAsked(key: string, not: boolean, values: readonly unknown[]): Asked {
  if (key === 'iif' || key === 'iifname') return deviceAsked('in', not, values)
  if (key === 'oif' || key === 'oifname') return deviceAsked('out', not, values)
  if (key === 'l4proto') return protocolAsked(not, values)
  if ((key === 'nfproto' || key === 'protocol') && !not && values.length === 1) {
    if (values[0] === 'ipv4' || values[0] === 'ip') return { family: 'inet' }
    if (values[0] === 'ipv6' || values[0] === 'ip6') return { family: 'inet6' }
  }
  return { unknown: true }
}

/**
 * The values of a match as texts and numbers; prefixes and ranges as texts. Null where a named set is used, or an
 * element is something else.
 */
function valuesOf(right: unknown): readonly (string | number)[] | null {
  const [kind, body] = first(right)
  if (kind === 'set' && Array.isArray(body)) {
    const all = body.map(valuesOf)
    return all.every((one) => one !== null) ? all.flat() : null
  }
  if (kind === 'elem') return valuesOf((body as Json | null)?.['val'])
  if (kind === 'prefix') return [`${(body as Json)['addr']}/${(body as Json)['len']}`]
  if (kind === 'range' && Array.isArray(body)) return [`${body[0]}-${body[1]}`]
  if (typeof right === 'number') return [right]
  if (typeof right === 'boolean') return [String(right)]
  return typeof right === 'string' && !right.startsWith('@') ? [right] : null
}

function portRange(value: string | number): Range<number> {
  const [from, to = from] = String(value).split('-').map(Number)
  return [from ?? Number.NaN, to ?? Number.NaN]
}

function first(value: unknown): readonly [string, unknown] {
  return typeof value === 'object' && value !== null ? (Object.entries(value)[0] ?? ['', null]) : ['', null]
}
