/**
 * `nft -j list table` -> the lines that decide/ruleset.ts would write for the same rules.
 *
 * nft rewrites what it loads, each version in its own way (1.0.6 shows `ct mark & 0x80000000 != 0` as `ct mark != 0/1`),
 * so its text cannot be compared. Whatever this file does not know comes out as JSON, is therefore different from
 * everything that we want, and gets replaced.
 */
import type { Chain, Ruleset } from '../model.ts'
import { hex } from '../rule-spec.ts'

type Json = Readonly<Record<string, unknown>>

/** `indexOf` gives an interface's number: nft lists names where the kernel compares numbers. */
export function parseListing(stdout: string, indexOf: ReadonlyMap<string, number>): Ruleset {
  const listing: { nftables: readonly Json[] } = JSON.parse(stdout)
  const chains = new Map<string, { -readonly [K in keyof Chain]: Chain[K] }>()
  for (const item of listing.nftables) {
    if ('chain' in item) {
      const { name, type, hook, prio } = item['chain'] as { name: string; type?: string; hook?: string; prio?: number }
      const base =
        type !== undefined && hook !== undefined && prio !== undefined ? { type, hook, priority: prio } : null
      chains.set(name, { name, hook: base, rules: [] })
    } else if ('rule' in item) {
      const { chain: name, expr } = item['rule'] as { chain: string; expr: readonly Json[] }
      const chain = chains.get(name)
      if (chain) chain.rules = [...chain.rules, expr.map((part) => statement(part, indexOf)).join(' ')]
    }
  }
  return { chains: [...chains.values()] }
}

function statement(part: Json, indexOf: ReadonlyMap<string, number>): string {
  const [kind, body] = Object.entries(part)[0] as [string, Json]
  if (kind === 'match') return match(body)
  if (kind === 'mangle') return `${operand(body['key'])} set ${operand(body['value'])}`
  if (kind === 'vmap') return vmap(body, indexOf)
  if (kind === 'dnat') return `dnat ${body['family']} to ${body['addr']}`
  if (kind === 'goto') return `goto ${body['target']}`
  return body === null ? kind : JSON.stringify(part)
}

function match({ op, left, right }: Json): string {
  const sign = op === '==' || op === 'in' ? '' : `${op} `
  const prefix = field(right, 'prefix')
  // A mask of leading ones on a number, as 1.0.6 shows it.
  if (prefix && typeof prefix['addr'] === 'number') {
    const mask = (-1 << (32 - Number(prefix['len']))) >>> 0
    return `${operand(left)} & ${hex(mask)} ${op} ${operand(prefix['addr'])}`
  }
  if (field(left, '&')) return `${operand(left)} ${op} ${operand(right)}`
  // A set of one is shown as its only element.
  const isAddress = field(left, 'payload')?.['field'] === 'saddr' && typeof right === 'string'
  return `${operand(left)} ${sign}${isAddress ? `{ ${right} }` : operand(right)}`
}

function vmap({ key, data }: Json, indexOf: ReadonlyMap<string, number>): string {
  const elements = (field(data, 'set') ?? []) as readonly (readonly [string | number, Json])[]
  const numbered = elements.map(([name, verdict]): [number, string] => [
    indexOf.get(String(name)) ?? Number(name),
    statement(verdict, indexOf),
  ])
  numbered.sort(([a], [b]) => a - b)
  return `${operand(key)} vmap { ${numbered.map(([index, verdict]) => `${index} : ${verdict}`).join(', ')} }`
}

function operand(value: unknown): string {
  if (typeof value === 'number') return value === 0 ? '0' : hex(value)
  if (typeof value === 'string') return value
  const [kind, body] = Object.entries(value as Json)[0] as [string, unknown]
  if (kind === 'ct') return `ct ${(body as Json)['key']}`
  if (kind === 'meta') {
    const name = String((body as Json)['key'])
    return ['iif', 'oif'].includes(name) ? name : `meta ${name}`
  }
  if (kind === 'payload') return `${(body as Json)['protocol']} ${(body as Json)['field']}`
  if (kind === 'prefix') return `${(body as Json)['addr']}/${(body as Json)['len']}`
  if (kind === 'set') return `{ ${(body as unknown[]).map(operand).sort().join(', ')} }`
  if (kind === '&' || kind === '|') return (body as unknown[]).map(operand).join(` ${kind} `)
  return JSON.stringify(value)
}

function field(value: unknown, name: string): Json | null {
  return typeof value === 'object' && value !== null ? (((value as Json)[name] as Json) ?? null) : null
}
