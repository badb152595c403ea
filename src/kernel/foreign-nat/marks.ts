/**
 * What other programs' rules write into packets' marks before these are routed, and into connections' marks anywhere: nft's JSON
 * and the text of iptables-save(8) -> bits. What packets a rule matches is not read, so what is found is what may happen. Pure.
 */
import type { ForeignMark } from '../../model/facts.ts'
import type { Family } from '../../net/family.ts'

type Json = Readonly<Record<string, unknown>>

const all = 0xffffffff
/** Hooks before routing, where a packet's mark changes its way. */
const routing = new Set(['prerouting', 'output'])
/** How many rules are read at most. */
const mostRules = 20_000

/**
 * Bits of the new mark by where they come from: `sets` from constants, `keeps` from the packet's or connection's mark
 * before.
 */
interface Bits {
  readonly sets: number
  readonly keeps: number
}

export interface MarkListing {
  readonly marks: readonly ForeignMark[]
  /** Tables that have such rules: `ip mangle`. */
  readonly tables: readonly string[]
  /** Whether some of the rules are iptables-nft's, whose values nft does not list. */
  readonly opaque: boolean
}

/** What the rules of nft's listing write; tables for which `isOurs` is true are left out. */
export function parseMarks(nftables: readonly Json[], isOurs: (table: string) => boolean): MarkListing {
  const hooks = hooksOfChains(nftables)
  const found = new Map<string, ForeignMark>()
  const tables = new Set<string>()
  let opaque = false
  for (const { rule } of nftables.filter((item) => 'rule' in item).slice(0, mostRules)) {
    const { family, table, chain, expr } = rule as Readonly<Record<string, string>> & { expr?: readonly unknown[] }
    const name = `${family} ${table}`
    const where = `${name} ${chain}`
    const by = [...(hooks.get(where) ?? [])]
    if (by.length === 0 || isOurs(name)) continue
    const isBefore = by.some((hook) => routing.has(hook))
    for (const part of expr ?? []) {
      const { xt, mangle } = (part ?? {}) as { xt?: Json | null; mangle?: Json }
      const one = mangle && writtenBy(mangle)
      if (xt && ((xt['name'] === 'MARK' && isBefore) || xt['name'] === 'CONNMARK')) opaque = true
      else if (!mangle || !(isBefore || one?.of === 'connection')) continue
      tables.add(name)
      if (one) add(found, { where: `nft ${where}`, ...one })
    }
  }
  return { marks: [...found.values()], tables: [...tables], opaque }
}

/** By chain, all hooks from which it is reached. */
function hooksOfChains(nftables: readonly Json[]): ReadonlyMap<string, ReadonlySet<string>> {
  const hooks = new Map<string, Set<string>>()
  const calls = new Map<string, Set<string>>()
  for (const { chain, rule } of nftables) {
    if (chain) {
      const { family, table, name, hook } = chain as Readonly<Record<string, string | undefined>>
      hooks.set(`${family} ${table} ${name}`, new Set(hook === undefined ? [] : [hook]))
    } else if (rule) {
      const { family, table, chain: from, expr } = rule as Readonly<Record<string, string>> & { expr?: unknown }
      const targets = targetsIn(expr).map((target) => `${family} ${table} ${target}`)
      if (targets.length > 0) {
        const key = `${family} ${table} ${from}`
        calls.set(key, new Set([...(calls.get(key) ?? []), ...targets]))
      }
    }
  }
  const open = [...hooks.keys()]
  for (let key = open.pop(); key !== undefined; key = open.pop())
    for (const target of calls.get(key) ?? []) {
      const known = hooks.get(target)
      const more = [...(hooks.get(key) ?? [])].filter((hook) => known && !known.has(hook))
      for (const hook of more) known?.add(hook)
      if (more.length > 0) open.push(target)
    }
  return hooks
}

/** The targets of jumps anywhere in an expression, also in verdict maps. */
function targetsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(targetsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const { target } = (key === 'jump' || key === 'goto' ? (inner ?? {}) : {}) as { target?: unknown }
    return typeof target === 'string' ? [target] : targetsIn(inner)
  })
}

function writtenBy({ key, value }: Json): Pick<ForeignMark, 'of' | 'sets' | 'clears'> | null {
  const { meta, ct } = (key ?? {}) as { meta?: Json; ct?: Json }
  if (meta?.['key'] !== 'mark' && ct?.['key'] !== 'mark') return null
  const { sets, keeps } = bitsOf(value)
  return { of: meta ? 'packet' : 'connection', sets, clears: ~(sets | keeps) >>> 0 }
}

/**
 * Where the bits of an expression's value come from. A connection's mark and its packets' have the same bits of ours,
 * so either source keeps them. An unknown value sets no bit for sure.
 */
function bitsOf(value: unknown): Bits {
  if (typeof value === 'number') return { sets: value >>> 0, keeps: 0 }
  const [operator, body] = Object.entries((value ?? {}) as Json)[0] ?? []
  if (operator === 'meta' || operator === 'ct') {
    return (body as Json | null)?.['key'] === 'mark' ? { sets: 0, keeps: all } : { sets: 0, keeps: 0 }
  }
  if (!Array.isArray(body) || (operator !== '&' && operator !== '|' && operator !== '^')) return { sets: 0, keeps: 0 }
  return body.map(bitsOf).reduce((one, other) => combined(operator, one, other))
}

function combined(operator: '&' | '|' | '^', one: Bits, other: Bits): Bits {
  if (operator === '&') {
    const keeps = (one.keeps & (other.keeps | other.sets)) | (other.keeps & one.sets)
    return { sets: (one.sets & other.sets) >>> 0, keeps: keeps >>> 0 }
  }
  const sets = one.sets | other.sets
  return { sets: sets >>> 0, keeps: ((one.keeps | other.keeps) & ~sets) >>> 0 }
}

function add(found: Map<string, ForeignMark>, one: ForeignMark): void {
  const key = `${one.where} ${one.of}`
  const { sets = 0, clears = 0 } = found.get(key) ?? {}
  found.set(key, { ...one, sets: (sets | one.sets) >>> 0, clears: (clears | one.clears) >>> 0 })
}

/**
 * Marks from `iptables-save -t mangle`, of iptables-nft or iptables-legacy. Users' own chains count as reached from
 * every hook.
 */
export function parseSavedMarks(text: string, family: Family, program: string): readonly ForeignMark[] {
  const found = new Map<string, ForeignMark>()
  for (const line of text.split('\n').slice(0, mostRules)) {
    const [, chain = '', target, options = ''] = /^-A (\S+) .*-j (MARK|CONNMARK)( .*)?$/.exec(line) ?? []
    const isBefore = !/^(INPUT|FORWARD|POSTROUTING)$/.test(chain)
    if (target === undefined || (target === 'MARK' && !isBefore)) continue
    const numbersOf = (option: string) => new RegExp(`--${option} (0x[0-9a-f]+)(?:/(0x[0-9a-f]+))?`).exec(options)
    const where = `${program} mangle ${chain}${family === 'inet6' ? ' (IPv6)' : ''}`
    const [, value, mask] = numbersOf('set-xmark') ?? []
    if (value !== undefined) {
      const written = Number(mask ?? all)
      const sets = Number(value)
      add(found, { where, of: target === 'MARK' ? 'packet' : 'connection', sets, clears: (written & ~sets) >>> 0 })
    } else if (options.includes('--save-mark')) {
      add(found, { where, of: 'connection', sets: 0, clears: 0 })
    } else if (options.includes('--restore-mark') && isBefore) {
      const [cleared = all, restored = all] = ['nfmask', 'ctmask'].map((option) =>
        Number(numbersOf(option)?.[1] ?? all),
      )
      add(found, { where, of: 'packet', sets: 0, clears: (cleared & ~restored) >>> 0 })
    }
  }
  return [...found.values()]
}
