/**
 * Which tunnels are to take another uplink. WireGuard keeps the source address that it began with, and our rules hold what has
 * an uplink's address on that uplink, so by itself it stays on a dead line until its own timers notice, and never comes
 * back from a worse one. Pure; times in monotonic ms.
 */
import { begunAbroadBy, begunBy, type Conversation, type TunnelPeer, tunnelKey, type UdpFlow } from '../model/tunnel.ts'
import type { Family } from '../net/family.ts'

/** What the latest round says, as uplinks' numbers by family. */
export interface Ways {
  /** Those that new connections take. */
  readonly carrying: Readonly<Record<Family, ReadonlySet<number>>>
  /** Those behind which something answers. */
  readonly alive: Readonly<Record<Family, ReadonlySet<number>>>
}

/** What is known when tunnels are looked at. */
export interface Known extends Ways {
  /** The uplink of a connection; 0 where it goes by none. */
  readonly numberOf: (flow: UdpFlow) => number
  /** When the uplinks that carry became those, by family, in monotonic ms. */
  readonly since: Readonly<Record<Family, number>>
  /** By tunnel, the uplinks that it would take if it began now, where that was asked: at times others than `carrying`. */
  readonly homes: ReadonlyMap<string, ReadonlySet<number>>
}

/** A peer to be moved, and its connections by lines that it would not take. */
export interface Move {
  readonly peer: TunnelPeer
  readonly leaves: readonly UdpFlow[]
}

/** Tunnels that were moved, by interface and key: when last, and how often in a row, but for lines that died since the move before. */
export type Moved = ReadonlyMap<string, { readonly at: number; readonly times: number }>

/** How long a better uplink has to carry before a tunnel that works comes back to it. */
const stableMs = 3000
/** The pause after a move, doubled for each further one: where all lines are poor, moving again and again is worse than staying. */
const firstPauseMs = 2000
const longestPauseMs = 300_000
/** A tunnel that stayed for so long begins anew. */
const forgottenMs = 600_000
/** How long after a change tunnels that are astray are looked for: one that says nothing for a minute is not waited for. */
export const watchfulMs = 60_000
/** How long they are looked at in any case: routes, addresses and those who make the tunnels settle after a change. */
const settlingMs = 5000

/**
 * The peers that are to be moved now, each with the connections that it leaves, and until when to look again: longer where one is
 * where it should not be, or nobody knows where. Of a connection by a line that it would take and one by another, either
 * may be left over, and a tunnel that is moved without need goes on by the line that it has. What goes by no uplink, or would,
 * is others' affair: a LAN's, a VPN's. What a peer has begun itself and works is left alone: it knows this host by the address
 * that it asked, and its translators take answers from nowhere else. A connection that is not answered is none of these: a
 * packet of the peer's that comes after its connection was deleted, as a failover does, looks as if the peer had begun one.
 */
export function strayed(
  before: Moved,
  peers: readonly TunnelPeer[],
  flows: readonly UdpFlow[],
  ways: Known,
  now: number,
): { readonly moved: Moved; readonly moves: readonly Move[]; readonly lookUntil: number } {
  const moved = new Map([...before].filter(([, { at }]) => now - at < forgottenMs))
  let lookUntil = latestOf(ways) + settlingMs
  const moves = peers.flatMap((peer): readonly Move[] => {
    const times = timesAfter(peer)
    if (times === null) return []
    moved.set(tunnelKey(peer), { at: now, times })
    return [{ peer, leaves: flows.filter((flow) => isLeft(flow, peer)) }]
  })
  return { moved, moves, lookUntil }

  /** How often it was moved once it is moved now; null: it is not. */
  function timesAfter(peer: TunnelPeer): number | null {
    const home = homeOf(peer, ways)
    const { [peer.family]: alive } = ways.alive
    const { [peer.family]: since } = ways.since
    if ([...home].every((number) => number === 0)) return null
    const own = flows.filter((flow) => isFrom(flow, peer)).map(ways.numberOf)
    const isTheirs = flows.some((flow) => flow.isAnswered && isTo(flow, peer) && alive.has(ways.numberOf(flow)))
    if (own.includes(0) || (own.length === 0 && isTheirs)) return null
    const elsewhere = own.filter((number) => !home.has(number))
    if (own.length > 0 && elsewhere.length === 0) return null
    lookUntil = Math.max(lookUntil, since + watchfulMs)
    const works = elsewhere.length > 0 && elsewhere.every((number) => alive.has(number))
    if (works && now - since < stableMs) return null
    const known = moved.get(tunnelKey(peer))
    if (known === undefined) return 1
    // Nothing of it has gone since: it has no address that it could forget.
    if (own.length === 0 && !flows.some((flow) => isTo(flow, peer)) && known.at >= since) return null
    const mayMoveAt = known.at + Math.min(longestPauseMs, firstPauseMs * 2 ** (known.times - 1))
    if (known.at < since) {
      // Patience is for lines that are poor; one that has died since is left at once, and that counts for nothing.
      if (!works) return known.times
      lookUntil = Math.max(lookUntil, mayMoveAt + watchfulMs)
    }
    return now >= mayMoveAt ? known.times + 1 : null
  }

  function isLeft(flow: UdpFlow, peer: TunnelPeer): boolean {
    const number = ways.numberOf(flow)
    return (isFrom(flow, peer) || isTo(flow, peer)) && number !== 0 && !homeOf(peer, ways).has(number)
  }
}

/** When either family's uplinks changed last, in monotonic ms. */
export function latestOf({ since }: Pick<Known, 'since'>): number {
  return Math.max(since.inet, since.inet6)
}

function homeOf(peer: TunnelPeer, { homes, carrying }: Known): ReadonlySet<number> {
  return homes.get(tunnelKey(peer)) ?? carrying[peer.family]
}

/** The conversation of the tunnel's ends that is known by this connection, whoever began it. */
export function conversationOf(flow: UdpFlow, peer: TunnelPeer): Conversation {
  return isFrom(flow, peer) ? begunBy(flow) : begunAbroadBy(flow)
}

function isFrom(flow: UdpFlow, peer: TunnelPeer): boolean {
  return flow.sourcePort === peer.listenPort && flow.destination === peer.address && flow.destinationPort === peer.port
}

function isTo(flow: UdpFlow, peer: TunnelPeer): boolean {
  return flow.destinationPort === peer.listenPort && flow.source === peer.address && flow.sourcePort === peer.port
}
