/**
 * One rule of `nft -j list table` -> the text that reconcile/decide/ruleset/ruleset.ts would write for the same rule.
 *
 * nft rewrites what it loads, each version in its own way (1.0.6 shows `ct mark & 0x80000000 != 0` as
 * `ct mark != 0/1`), so its text cannot be compared. Whatever this file does not know comes out as JSON, is therefore different
 * from everything that we want, and gets replaced.
 */
import { dscpNumbers } from '../../net/dscp.ts'
import type { Json } from '../../values/checked.ts'
import { hex, nftNumber } from '../../values/hex.ts'
import { inCgroup } from '../cgroup/slices.ts'

/**
 * The canonical text of a rule. `indexOf` has the numbers of interfaces by name: nft lists names where the kernel
 * compares numbers.
 */
export function ruleLine(parts: readonly (Json | string)[], indexOf: ReadonlyMap<string, number>): string {
  return parts.map((part) => statement(part, indexOf)).join(' ')
}

/** The text of a statement. nft 1.0.6 lists as a string what it has no JSON for. */
function statement(part: Json | string, indexOf: ReadonlyMap<string, number>): string {
  if (typeof part === 'string') return part
  const [kind, body] = Object.entries(part)[0] as [string, Json]
  if (kind === 'match') return match(body, indexOf)
  if (kind === 'mangle') return `${operand(body['key'])} set ${operand(body['value'])}`
  if (kind === 'vmap' && typeof body['data'] === 'string') return `${operand(body['key'])} vmap ${body['data']}`
  if (kind === 'map') return `${body['op']} ${body['map']} { ${operand(body['elem'])} : ${operand(body['data'])} }`
  if (kind === 'counter' && (typeof body === 'string' || 'map' in body)) return `counter name ${operand(body)}`
  if (kind === 'flow') return `flow ${body['op']} ${body['flowtable']}`
  if (kind === 'set') {
    const limits = ((body['stmt'] ?? []) as readonly Json[]).map((one) => ` ${limit(one)}`)
    return `${body['op']} ${body['set']} { ${operand(body['elem'])}${limits.join('')} }`
  }
  if (kind === 'dnat') return `dnat ${body['family']} to ${body['addr']}`
  if (kind === 'snat')
    return `snat ${body['family']} ${'type_flags' in body ? 'prefix ' : ''}to ${operand(body['addr'])}`
  if (kind === 'goto' || kind === 'jump') return `${kind} ${body['target']}`
  if (kind === 'reject' && body !== null) return `reject with ${body['type']} ${body['expr']}`
  return body === null ? kind : JSON.stringify(part)
}

function limit(one: Json): string {
  const { rate, burst, per, inv } = field(one, 'limit') ?? {}
  return field(one, 'limit')
    ? `limit rate ${inv ? 'over ' : ''}${rate}/${per} burst ${burst} packets`
    : JSON.stringify(one)
}

function match({ op, left, right }: Json, indexOf: ReadonlyMap<string, number>): string {
  const sign = op === '==' || op === 'in' ? '' : `${op} `
  const prefix = field(right, 'prefix')
  // nft 1.0.6 shows a mask of leading ones on a number as a prefix.
  if (prefix && typeof prefix['addr'] === 'number') {
    const mask = (-1 << (32 - Number(prefix['len']))) >>> 0
    return `${operand(left)} & ${hex(mask)} ${op} ${operand(prefix['addr'])}`
  }
  // The level of a match on a control group is that of its path. One that is gone has its number for a path, which
  // matches nothing that we want.
  if (field(left, 'socket')?.['key'] === 'cgroupv2') return inCgroup(String(right))
  if (typeof right === 'boolean') return `${operand(left)} ${right ? 'exists' : 'missing'}`
  if (field(left, '&')) return `${operand(left)} ${op} ${operand(right)}`
  return `${operand(left)} ${sign}${compared(left, right, indexOf)}`
}

/**
 * The right side of a match: numbers where nft lists names of interfaces, and no braces around a set's only element.
 */
function compared(left: unknown, right: unknown, indexOf: ReadonlyMap<string, number>): string {
  const payload = field(left, 'payload')
  const values = field(right, 'set') as unknown as readonly unknown[] | null
  if (isInterface(left)) {
    const numbers = (values ?? [right]).map((name) => String(indexOf.get(String(name)) ?? name))
    return braced(numbers.toSorted((a, b) => Number(a) - Number(b)))
  }
  if (field(left, 'meta')?.['key'] === 'l4proto') {
    const names = (values ?? [right]).map((value) => protocols.get(value) ?? operand(value))
    return values ? `{ ${names.sort().join(', ')} }` : String(names[0])
  }
  if (payload?.['field'] === 'dscp')
    return braced((values ?? [right]).map((name) => operand(dscpNumbers.get(String(name)) ?? name)).sort())
  return payload?.['field'] === 'saddr' && typeof right === 'string' && !right.startsWith('@')
    ? `{ ${right} }`
    : operand(right)
}

/** Protocols by number, which nft lists where there is no /etc/protocols, as on a small Debian without netbase. */
const protocols: ReadonlyMap<unknown, string> = new Map([
  [6, 'tcp'],
  [17, 'udp'],
])

function braced(values: readonly string[]): string {
  return values.length === 1 ? String(values[0]) : `{ ${values.join(', ')} }`
}

function isInterface(key: unknown): boolean {
  return ['iif', 'oif'].includes(String(field(key, 'meta')?.['key'])) || field(key, 'fib')?.['result'] === 'oif'
}

function operand(value: unknown): string {
  if (typeof value === 'number') return nftNumber(value)
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  // A list outside a set: flags of a connection (`ct state`).
  if (Array.isArray(value)) return value.map(operand).join(',')
  const [kind, body] = Object.entries(value as Json)[0] as [string, unknown]
  if (kind === 'ct') return ['ct', (body as Json)['dir'], (body as Json)['key']].filter(Boolean).join(' ')
  if (kind === 'meta') {
    const name = String((body as Json)['key'])
    return ['iif', 'oif'].includes(name) ? name : `meta ${name}`
  }
  if (kind === 'socket')
    return `socket ${(body as Json)['key'] === 'cgroupv2' ? 'cgroupv2 level 2' : (body as Json)['key']}`
  if (kind === 'rt') return ['rt', (body as Json)['family'], (body as Json)['key']].filter(Boolean).join(' ')
  if (kind === 'fib') return `fib ${(body as { flags: string[] }).flags.join(' . ')} ${(body as Json)['result']}`
  if (kind === 'map' && typeof (body as Json)['data'] === 'string')
    return `${operand((body as Json)['key'])} map ${(body as Json)['data']}`
  if (kind === 'jhash') {
    const { expr, mod, seed } = body as { expr: unknown; mod: number; seed: number }
    return `jhash ${operand(expr)} mod ${mod} seed ${operand(seed)}`
  }
  if (kind === 'numgen') return `numgen ${(body as Json)['mode']} mod ${(body as Json)['mod']}`
  if (kind === 'concat') return (body as unknown[]).map(operand).join(' . ')
  if (kind === 'range') return (body as unknown[]).map(operand).join('-')
  if (kind === 'payload') {
    const { protocol, field: name, base, offset, len } = body as Json
    return base === undefined ? `${protocol} ${name}` : `@${base},${offset},${len}`
  }
  if (kind === 'prefix') return `${(body as Json)['addr']}/${(body as Json)['len']}`
  if (kind === 'set') return `{ ${(body as unknown[]).map(operand).sort().join(', ')} }`
  if (kind === 'tcp option') return `tcp option ${(body as Json)['name']} ${(body as Json)['field']}`
  if (kind === '&' || kind === '|') return (body as unknown[]).map(kind === '&' ? within : operand).join(` ${kind} `)
  return JSON.stringify(value)
}

/** Flags within an expression: nft 1.0.6 has a list where 1.1.3 has them joined. */
function within(value: unknown): string {
  if (Array.isArray(value)) return `(${value.map(operand).join(' | ')})`
  return field(value, '|') ? `(${operand(value)})` : operand(value)
}

function field(value: unknown, name: string): Json | null {
  return typeof value === 'object' && value !== null ? (((value as Json)[name] as Json) ?? null) : null
}
