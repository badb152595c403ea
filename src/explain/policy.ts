/** Which policy rule sends a packet to a table: the kernel names the table alone. Pure. */

import type { Rule } from '../model/kernel.ts'
import type { Family } from '../net/family.ts'

export interface Walker {
  readonly family: Family
  readonly mark: number
  /** The interface it comes in by; `lo` for the host's own. */
  readonly incoming: string
  /** Its source; null before a socket has an address. */
  readonly source: string | null
  readonly device: string | null
  /** Whether its route is a default, which some rules leave out. */
  readonly isDefault: boolean
}

/**
 * The first rule on the packet's walk that leads to this table; null where a rule before it may match by a selector
 * that we do not read.
 */
export function ruleTo(table: number, rules: readonly Rule[], walker: Walker): Rule | null {
  let from = 0
  for (const rule of rules.filter(({ family }) => family === walker.family)) {
    if (rule.priority < from) continue
    const jump = /\bgoto (\d+)/.exec(rule.spec)?.[1]
    const suppressed = walker.isDefault && rule.spec.includes('suppress_prefixlength')
    const leads = !suppressed && leadsTo(table, rule)
    const matches = selects(rule.spec.split(' '), walker)
    if (matches === null && (leads || jump !== undefined)) return null
    if (!matches) continue
    if (jump !== undefined) from = Number(jump)
    if (leads) return rule
  }
  return null
}

/** Whether the rule looks up this table. */
export function leadsTo(table: number, { spec }: Rule): boolean {
  return /\blookup (\d+)/.exec(spec)?.[1] === String(table)
}

/** Whether the rule's selector matches the packet; null for a selector that is not among ours. */
function selects(words: readonly string[], { mark, incoming, source, device }: Walker): boolean | null {
  const inverted = words[0] === 'not'
  let matches = true
  let isKnown = true
  for (let at = inverted ? 1 : 0; at < words.length; at += 2) {
    const [name = '', value = ''] = words.slice(at, at + 2)
    if (['lookup', 'goto', 'nop', 'suppress_prefixlength'].includes(name)) continue
    if (name === 'fwmark') {
      const [wanted, mask] = value.split('/')
      matches &&= (mark & Number(mask)) >>> 0 === Number(wanted)
    } else if (name === 'iif') matches &&= incoming === value
    else if (name === 'oif') matches &&= device === value
    else if (name === 'from' && !value.includes('/')) matches &&= value === 'all' || (source ?? '0.0.0.0') === value
    else isKnown = false
  }
  return matches && !isKnown ? null : matches !== inverted
}
