/** A policy rule as canonical arguments of `ip rule`, and back from `ip -d -N -j rule` (iproute2 6.1 and 6.15). */
import type { Rule } from '../../model/kernel.ts'
import type { Family } from '../../net/family.ts'
import { type Json, numberOf, stringOf } from '../../values/checked.ts'
import { hex } from '../../values/hex.ts'

export type RuleAction =
  | { readonly lookup: number; readonly suppressDefault?: boolean }
  | { readonly goto: number }
  | { readonly nop: true }

export interface RuleParts {
  readonly not?: boolean
  /** An address or prefix; absent: any source. */
  readonly from?: string
  readonly to?: string
  readonly mark?: { readonly value: number; readonly mask: number }
  readonly iif?: string
  readonly oif?: string
  readonly action: RuleAction
}

/** The text for `Rule.spec`: selector and action in our one order. */
export function ruleSpec({
  not,
  from,
  to,
  mark,
  iif,
  oif,
  action,
}: Omit<RuleParts, 'action'> & { readonly action: RuleAction | null }): string {
  const words = [
    ...(not ? ['not'] : []),
    ...(from ? ['from', from] : []),
    ...(to ? ['to', to] : []),
    ...(mark ? ['fwmark', `${hex(mark.value)}/${hex(mark.mask)}`] : []),
    ...(iif ? ['iif', iif] : []),
    ...(oif ? ['oif', oif] : []),
    ...(action ? actionWords(action) : []),
  ]
  return words.join(' ')
}

function actionWords(action: RuleAction): readonly string[] {
  if ('goto' in action) return ['goto', String(action.goto)]
  if ('nop' in action) return ['nop']
  return ['lookup', String(action.lookup), ...(action.suppressDefault ? ['suppress_prefixlength', '0'] : [])]
}

/** The rule as words of `ip rule add` and `delete`, in one text. */
export function ruleWords({ priority, spec, protocol }: Rule): string {
  return `priority ${priority} ${spec} protocol ${protocol}`
}

const understood = new Set([
  'priority',
  'protocol',
  'src',
  'srclen',
  'not',
  'fwmark',
  'fwmask',
  'iif',
  'iif_detached',
  'oif',
  'oif_detached',
  'table',
  'suppress_prefixlen',
  'goto',
  // ip(8) shows `unresolved` where a jump's target does not exist at the moment. It is no word that it takes.
  'unresolved',
  'nop',
])

/** The members of a destination. Among our rules, only jumps for marked packets have one. */
const destination = new Set(['dst', 'dstlen'])

/** Actions by the FR_ACT_ numbers of linux/fib_rules.h. */
const actions: Readonly<Record<string, string>> = { 6: 'blackhole', 7: 'unreachable', 8: 'prohibit' }

/** A rule of the listing. */
export function parseRule(family: Family, rule: Json): Rule {
  const range = (address: string, length: string) =>
    length in rule ? `${stringOf(rule[address])}/${rule[length]}` : stringOf(rule[address])
  const isOurJump = 'goto' in rule && 'fwmark' in rule
  const spec = ruleSpec({
    not: 'not' in rule,
    ...((rule['src'] ?? 'all') === 'all' ? {} : { from: range('src', 'srclen') }),
    ...(isOurJump && 'dst' in rule ? { to: range('dst', 'dstlen') } : {}),
    ...('fwmark' in rule
      ? { mark: { value: Number(rule['fwmark']), mask: Number(rule['fwmask'] ?? 0xffffffff) } }
      : {}),
    ...('iif' in rule ? { iif: stringOf(rule['iif']) } : {}),
    ...('oif' in rule ? { oif: stringOf(rule['oif']) } : {}),
    action: parseAction(rule),
  })
  // A selector that we never use makes the rule foreign, whatever else it says.
  const others = Object.keys(rule).filter(
    (key) =>
      !(understood.has(key) || (isOurJump && destination.has(key))) ||
      (key === 'suppress_prefixlen' && rule[key] !== 0),
  )
  const words = others.map((key) =>
    key === 'action' ? (actions[stringOf(rule[key])] ?? key) : otherWord(key, rule[key]),
  )
  return {
    family,
    priority: numberOf(rule['priority']),
    protocol: Number(rule['protocol']),
    spec: [spec, ...words].filter((word) => word !== '').join(' '),
    ...(others.length > 0 && { foreign: true as const }),
  }
}

function otherWord(key: string, value: unknown): string {
  return value === null ? key : `${key} ${String(value)}`
}

/** What the rule does; null for an action that we never use. */
function parseAction(rule: Json): RuleAction | null {
  if ('goto' in rule) return { goto: numberOf(rule['goto']) }
  if ('nop' in rule) return { nop: true }
  if (!('table' in rule)) return null
  return { lookup: Number(rule['table']), suppressDefault: rule['suppress_prefixlen'] === 0 }
}
