/** Conditions of mwan3's rules in our words. Pure. */
import type { DraftEntry, Place } from '../draft/draft.ts'

export type MatchFamily = 'ipv4' | 'ipv6'

export type Condition =
  | { readonly kind: 'entry'; readonly key: string; readonly value: string }
  /** Every address of a family. */
  | { readonly kind: 'family'; readonly family: MatchFamily }
  | { readonly kind: 'everything' }
  | { readonly kind: 'unsayable'; readonly why: string }

export function conditionOf(name: string, value: string, devices: ReadonlyMap<string, string>): Condition {
  switch (name) {
    case 'src_ip':
      return addresses('source', value)
    case 'dest_ip':
      return addresses('destination', value)
    case 'src_port':
      return ports('source-port', value)
    case 'dest_port':
      return ports('port', value)
    case 'proto':
      if (value === 'all') return { kind: 'everything' }
      return { kind: 'entry', key: 'protocol', value: value === 'tcpudp' ? 'tcp udp' : value }
    case 'src_iface':
      return { kind: 'entry', key: 'interface', value: devices.get(value) ?? value }
    case 'ipset':
      return { kind: 'unsayable', why: 'sets of others are not asked; destination takes a file of addresses' }
    default:
      return { kind: 'unsayable', why: 'not understood' }
  }
}

/** What keeps a rule to a family, where no address in it does. */
export function familyEntry(
  entries: readonly DraftEntry[],
  family: MatchFamily | null,
  from: Place,
): readonly DraftEntry[] {
  if (family === null || entries.some(({ key }) => key === 'source' || key === 'destination')) return []
  return [{ key: 'destination', value: family === 'ipv4' ? '0.0.0.0/0' : '::/0', from }]
}

function addresses(key: string, value: string): Condition {
  if (value === '0.0.0.0/0') return { kind: 'family', family: 'ipv4' }
  if (value === '::/0') return { kind: 'family', family: 'ipv6' }
  return value.includes('!') ? negated : { kind: 'entry', key, value }
}

/** iptables writes ranges with a colon. */
function ports(key: string, value: string): Condition {
  return value.includes('!') ? negated : { kind: 'entry', key, value: value.replaceAll(':', '-') }
}

const negated: Condition = { kind: 'unsayable', why: 'all but these: a rule before it for these says it' }
