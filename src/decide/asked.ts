/**
 * UDP services that listen on all addresses and answer without saying from which: the kernel then takes the address of the
 * uplink that new connections would use now, and the client, who asked another, drops it.
 *
 * So who asks one of an uplink's addresses is remembered for as long as they talk, and answers to them get that address
 * before connection tracking sees them: they are answers then, and the rule for their source sends them by its uplink.
 */
import { hookPriorities } from '../ids.ts'
import type { Chain, NamedSet, Uplink } from '../model.ts'
import { digest } from './steering/digest.ts'

export interface AskedRules {
  /** Lines for the chain of a connection's first packet, by the number of the uplink that it came in by. */
  readonly remembering: ReadonlyMap<number, readonly string[]>
  readonly chains: readonly Chain[]
  readonly sets: readonly NamedSet[]
}

/** Connection tracking forgets a UDP flow after two minutes of silence. */
const content = 'flags dynamic,timeout; timeout 3m; size 65535'
const asker = 'saddr . udp sport . udp dport'
const answered = 'daddr . udp dport . udp sport'
/** A socket that has an address, as all connected ones have, answers from it. */
const bound = 'socket wildcard 0 accept'
const map = 'asked_4'
const anyone = 'asked_6'

/** One uplink is no choice, and then there is nothing. */
export function decideAsked(uplinks: readonly Uplink[]): AskedRules {
  if (uplinks.length < 2) return { remembering: new Map(), chains: [], sets: [] }
  const ipv4 = uplinks.flatMap(({ inet }) => inet?.addresses ?? [])
  const ipv6 = [...new Set(uplinks.flatMap(({ inet6 }) => inet6?.addresses ?? []))].toSorted()
  const rules = [
    ...(ipv4.length > 0
      ? [`ip saddr set ip ${answered} map @${map} update @${map} { ip ${answered} : ip saddr }`]
      : []),
    // Who asked at all, before which address it was: nearly no packet has to go through them all.
    ...(ipv6.length > 0 ? [`ip6 ${answered} @${anyone} goto source_6`] : []),
  ]
  const addresses = ipv6.map(
    (address) =>
      `ip6 ${answered} @${setOf(address)} ip6 saddr set ${address} ` +
      `update @${setOf(address)} { ip6 ${answered} } update @${anyone} { ip6 ${answered} }`,
  )
  const hook = { type: 'route', hook: 'output', priority: hookPriorities.source }
  return {
    remembering: new Map(uplinks.map((uplink) => [uplink.number, rememberingOf(uplink)])),
    chains: [
      ...(ipv6.length > 0 ? [{ name: 'source_6', hook: null, rules: addresses }] : []),
      ...(rules.length > 0 ? [{ name: 'source', hook, rules: [bound, ...rules] }] : []),
    ],
    sets: [
      ...(ipv4.length > 0
        ? [{ kind: 'map', name: map, definition: `type ${typeOf('ipv4_addr')} : ipv4_addr; ${content}` } as const]
        : []),
      ...(ipv6.length > 0 ? [anyone, ...ipv6.map(setOf)] : []).map((name) => ({
        kind: 'set' as const,
        name,
        definition: `type ${typeOf('ipv6_addr')}; ${content}`,
      })),
    ],
  }
}

function rememberingOf({ inet, inet6 }: Uplink): readonly string[] {
  const ipv4 = (inet?.addresses ?? []).toSorted()
  const own = ipv4.length > 1 ? `{ ${ipv4.join(', ')} }` : ipv4[0]
  return [
    ...(own === undefined ? [] : [`ip daddr ${own} update @${map} { ip ${asker} : ip daddr }`]),
    ...(inet6?.addresses ?? []).map(
      (address) => `ip6 daddr ${address} update @${setOf(address)} { ip6 ${asker} } update @${anyone} { ip6 ${asker} }`,
    ),
  ]
}

function typeOf(address: string): string {
  return `${address} . inet_service . inet_service`
}

/** One for each address: a map from so much to another IPv6 address is more than nft 1.0.6 can express. */
function setOf(address: string): string {
  return `asked_${digest(address)}`
}
