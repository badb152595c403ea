/** Has tunnels of this host follow the uplinks: looks after each change of those that carry, until all have followed. */

import type { Facts } from '../../explain/explanation.ts'
import { deleteUdpFlow, readUdpFlows } from '../../kernel/conntrack/udp-flows.ts'
import { dropLatePackets } from '../../kernel/nft/late-packets.ts'
import { readPeers, routeAnew } from '../../kernel/wireguard.ts'
import { numberOf } from '../../layout.ts'
import {
  conversationOf,
  type Known,
  latestOf,
  type Move,
  type Moved,
  strayed,
  type Ways,
  watchfulMs,
} from '../../lines/tunnels.ts'
import { balancedDevices, usable } from '../../model/active-uplinks.ts'
import type { Config } from '../../model/config.ts'
import type { Desired } from '../../model/desired.ts'
import type { UdpFlow } from '../../model/tunnel.ts'
import type { Family } from '../../net/family.ts'
import { log } from '../../os/log.ts'
import type { Ticker } from '../ticker.ts'
import { homesOf } from './tunnel-homes.ts'

export interface TunnelWatch {
  /** Called after each round. */
  readonly update: (facts: Facts) => void
}

const families = ['inet', 'inet6'] as const
const lookMs = 1000
/** What is on its way is here by then, and a peer that did not hear of the move is not kept from its former address. */
const lateSeconds = 3
/** How many tunnels are moved at once: each runs some programs, one after the other. */
const mostAtOnce = 8
/** The time since the change, in parts of which a look follows the one before: looking runs programs. */
const part = 0.25

export function watchTunnels(pulse: Ticker): TunnelWatch {
  let ways: (Ways & Pick<Known, 'since'>) | null = null
  /** What tunnels may follow, by family. */
  let followed: Readonly<Record<Family, string>> | null = null
  let facts: Facts | null = null
  let moved: Moved = new Map()
  let isLooking = false
  /** When to look again, in monotonic ms. */
  let dueAt = Number.POSITIVE_INFINITY
  let complained = false

  async function look(): Promise<void> {
    const [known, latest] = [ways, facts]
    if (known === null || latest === null) return
    const peers = await readPeers()
    const ports = new Set(peers.map(({ listenPort }) => listenPort))
    const wanted = families.filter((family) => peers.some((peer) => peer.family === family))
    const [homes, ...listed] = await Promise.all([
      homesOf(peers, latest),
      ...wanted.map((family) => readUdpFlows(family, ports)),
    ])
    const now = performance.now()
    const all = { ...known, homes, numberOf: uplinkOf(latest) }
    const { moved: after, moves, lookUntil } = strayed(moved, peers, listed.flat(), all, now)
    moved = after
    // What has changed meanwhile is looked at once more.
    const since = latestOf(known)
    dueAt = ways === known ? nextLook(now, since, peers.length > 0 ? lookUntil : since) : now
    for (let first = 0; first < moves.length; first += mostAtOnce)
      await Promise.all(moves.slice(first, first + mostAtOnce).map(follow))
  }

  async function follow(move: Move): Promise<void> {
    await leave(move)
    const { peer } = move
    await routeAnew(peer)
    log.event({ event: 'tunnel', tunnel: peer.device, peer: peer.key })
    // A packet before that has made what it leaves again, which would pass for the connection that the tunnel has.
    await forget(move)
  }

  /**
   * WireGuard takes the address that a packet of its peer came to for its own, so what is on its way to the former one would
   * have it back there at once.
   */
  async function leave(move: Move): Promise<void> {
    const { peer, leaves } = move
    await dropLatePackets(
      peer.family,
      leaves.map((flow) => conversationOf(flow, peer)),
      lateSeconds,
    )
    await forget(move)
  }

  async function forget({ peer, leaves }: Move): Promise<void> {
    for (const flow of leaves) await deleteUdpFlow(peer.family, flow)
  }

  async function begin(): Promise<void> {
    if (isLooking) return
    isLooking = true
    try {
      await look()
      complained = false
    } catch (error) {
      const since = ways === null ? Number.NEGATIVE_INFINITY : latestOf(ways)
      dueAt = nextLook(performance.now(), since, since + watchfulMs)
      if (!complained) log.failure('looking after', 'WireGuard tunnels', error)
      complained = true
    } finally {
      isLooking = false
    }
  }

  pulse.join(() => {
    if (performance.now() >= dueAt) void begin()
    return undefined
  }, lookMs)
  return {
    update: (now) => {
      facts = now
      const { desired, config } = now
      if (config.balance.tunnels === 'leave') {
        dueAt = Number.POSITIVE_INFINITY
        ways = null
        return
      }
      const found = waysOf(desired, config)
      // Rules have tunnels also on lines that carry nothing else.
      const sets = config.rules.length > 0 ? [found.carrying, found.alive] : [found.carrying]
      const textOf = (family: Family) => sets.map((by) => [...by[family]].sort().join()).join(' ')
      const [before, after] = [followed, { inet: textOf('inet'), inet6: textOf('inet6') }]
      const at = performance.now()
      const sinceOf = (family: Family) =>
        ways !== null && before?.[family] === after[family] ? ways.since[family] : at
      const since = { inet: sinceOf('inet'), inet6: sinceOf('inet6') }
      if (!families.some((family) => since[family] === at)) return
      followed = after
      ways = { ...found, since }
      // What a start finds was there before it.
      if (before !== null) void begin()
    },
  }
}

/** When to look again, in monotonic ms like all of these. */
function nextLook(now: number, since: number, until: number): number {
  return now > until ? Number.POSITIVE_INFINITY : now + part * (now - since)
}

function waysOf({ routes, uplinks }: Desired, { layout }: Config): Ways {
  const numbersIn = (family: Family, isMember: (device: string) => boolean) =>
    new Set(usable(family, uplinks).flatMap((uplink) => (isMember(uplink.interface) ? [uplink.number] : [])))
  const carryingIn = (family: Family) => {
    const devices = balancedDevices(family, routes, layout)
    return numbersIn(family, (device) => devices.has(device))
  }
  return {
    carrying: { inet: carryingIn('inet'), inet6: carryingIn('inet6') },
    alive: { inet: numbersIn('inet', () => true), inet6: numbersIn('inet6', () => true) },
  }
}

/** By its mark; where others write marks of their own over ours, as wg-quick(8) does, by the uplink whose address it has. */
function uplinkOf({ config, desired }: Facts): (flow: UdpFlow) => number {
  const owners = new Map(
    desired.uplinks.flatMap((uplink) =>
      families.flatMap((family) =>
        (uplink[family]?.addresses ?? []).map((address) => [address, uplink.number] as const),
      ),
    ),
  )
  return ({ mark, source, answeredAt, destination }) =>
    numberOf(mark, config.layout) || [source, answeredAt, destination].map((end) => owners.get(end)).find(Boolean) || 0
}
