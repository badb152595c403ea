/**
 * Finds the lines that lost their cable under a bridge. One with guests keeps its carrier when the cable is out, and so does an uplink
 * on it; and which port leads out nobody has said: a guest may be the router. So it is remembered behind which port the
 * bridge has seen each gateway.
 */
import { portsTo } from '../../kernel/iproute/forwarding.ts'
import { readNeighbour } from '../../kernel/iproute/neighbours.ts'
import type { Egress } from '../../lines/probes/egress.ts'
import type { Link } from '../../model/kernel.ts'
import { log } from '../../os/log.ts'
import type { Ticker } from '../ticker.ts'
import { keyOf } from './track.ts'

/** How long a gateway that nobody has seen yet is waited for: at first, and at most. */
const firstWaitMs = 1000
const longestWaitMs = 60_000

export interface BridgeWatch {
  /** Called after each round with the ways out. */
  readonly update: (egresses: readonly Egress[], links: readonly Link[]) => void
}

/** A way out by a bridge. */
interface Bridged {
  readonly egress: Egress
  readonly gateway: string
  readonly bridge: string
  /** Names of the ports that have a carrier. */
  readonly live: readonly string[]
  /** Whether all of those are guests' and containers'. Another card may lead to the same gateway, as in a ring (IEEE 802.1D). */
  readonly areGuests: boolean
}

/** Kinds of links that are guests' and containers' ends, or lead nowhere. */
const guestKinds: readonly (string | null)[] = ['tun', 'veth', 'dummy']

/** Names of the ports behind which the gateway is; null: the kernel does not know its hardware address. */
type FindPorts = (gateway: string, device: string, bridge: string) => Promise<readonly string[] | null>

/**
 * Calls `onCut` with a line whose gateway was behind a port that has no carrier now, and is behind none that has one. Where a
 * card has one, probes find out.
 */
export function watchBridges(
  pulse: Ticker,
  onCut: (egress: Egress, port: string) => void,
  findPorts: FindPorts = findByKernel,
): BridgeWatch {
  let lines: ReadonlyMap<string, Bridged> = new Map()
  /** By line, the port behind which its gateway was seen last. */
  const seen = new Map<string, string>()
  /** By line without such a port, when to ask next, in monotonic ms. */
  const due = new Map<string, { readonly at: number; readonly waitMs: number }>()
  const asking = new Set<string>()
  let complained = false

  function look(): undefined {
    for (const [key, line] of lines) {
      const now = performance.now()
      const { at = now, waitMs = firstWaitMs } = due.get(key) ?? {}
      if (seen.has(key) || now < at) continue
      due.set(key, { at: now + waitMs, waitMs: Math.min(longestWaitMs, waitMs * 2) })
      ask(key, line)
    }
  }

  function ask(key: string, { egress, gateway, bridge }: Bridged): void {
    if (asking.has(key)) return
    asking.add(key)
    findPorts(gateway, egress.device, bridge)
      .then((ports) => ports && note(key, ports))
      .catch((error) => {
        if (!complained) log.failure('looking for the gateway of', egress.uplink, error)
        complained = true
      })
      .finally(() => asking.delete(key))
  }

  function note(key: string, ports: readonly string[]): void {
    const [line, former] = [lines.get(key), seen.get(key)]
    if (!line) return
    const { egress, live, areGuests } = line
    const port = ports.find((one) => live.includes(one))
    if (port !== undefined) {
      seen.set(key, port)
      due.delete(key)
      if (port !== former) log.event({ event: 'gateway', uplink: egress.uplink, family: egress.family, port })
    } else if (former !== undefined && !live.includes(former) && areGuests) {
      seen.delete(key)
      onCut(egress, former)
    }
  }

  pulse.join(look, firstWaitMs)
  return {
    update: (egresses, links) => {
      lines = new Map(egresses.flatMap((egress) => bridgedOf(egress, links)))
      for (const key of [...seen.keys(), ...due.keys()].filter((one) => !lines.has(one))) {
        seen.delete(key)
        due.delete(key)
      }
      for (const [key, line] of lines) if (!line.live.includes(seen.get(key) ?? '')) ask(key, line)
    },
  }
}

/** The line by its key, where it has a gateway and leaves by a bridge, or a VLAN of one. */
function bridgedOf(egress: Egress, links: readonly Link[]): readonly (readonly [string, Bridged])[] {
  const { device, gateway } = egress
  const bridge = bridgeOf(
    links.find(({ name }) => name === device),
    links,
  )
  if (gateway === null || !bridge) return []
  const live = links.filter(({ master, up, carrier }) => master === bridge.index && up && carrier)
  const areGuests = live.every(({ kind }) => guestKinds.includes(kind))
  const key = `${keyOf(egress)} ${device} ${gateway}`
  return [[key, { egress, gateway, bridge: bridge.name, live: live.map(({ name }) => name), areGuests }]]
}

function bridgeOf(link: Link | undefined, links: readonly Link[]): Link | undefined {
  if (link?.kind === 'bridge') return link
  return links.find(({ index, kind }) => kind === 'bridge' && index === link?.below)
}

async function findByKernel(gateway: string, device: string, bridge: string): Promise<readonly string[] | null> {
  const { hardware } = await readNeighbour(gateway, device)
  return hardware === '' ? null : portsTo(hardware, bridge)
}
