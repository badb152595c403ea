/**
 * Sends the host's questions to a dead uplink's name servers to a living uplink's. Such a server is often the router of
 * that uplink, which no other uplink leads to, and resolv.conf(5) may know no other. systemd-resolved asks the servers
 * of every link, by its link, and takes the first answer with an address. But that a name does not exist it believes
 * only when all have said so, which takes it five seconds and more while one is dead (252, 257).
 *
 * Two things have to happen to a question: it gets the living uplink's mark, because its source address is the dead
 * one's already and would keep it there, and then its destination is changed. Masquerade gives it a source that can be
 * answered.
 */

import { specificRoute } from '../../../kernel/iproute/specific-route.ts'
import { hookPriorities, markOf, marks } from '../../../layout.ts'
import { activeUplinks, type Usable, usable } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Uplink } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'
import { nameServersOf } from '../../../sources/name-servers.ts'
import { hex } from '../../../values/hex.ts'
import { isAlive } from '../uplinks/drains.ts'
import { masqueradeOf } from './translation.ts'

export interface NameServerRules {
  /** Rules for the output hook of type route. */
  readonly marking: readonly string[]
  /** The chain that redirects; none where nothing has to be redirected. */
  readonly chains: readonly Chain[]
}

/** A name server whose questions go to another one for now, by the uplink of this number. */
export interface Redirection {
  readonly family: Family
  readonly from: string
  readonly to: string
  readonly number: number
}

/** How many servers are redirected: as many as libc's resolver asks. */
const most = 3

/** A name server that uplinks named, and these uplinks, by which it is asked. */
export interface RoutedServer {
  readonly server: string
  readonly by: readonly Usable[]
}

/**
 * Name servers with routes of their own. A provider's server may answer its own customers alone, so what was named on
 * an uplink is asked by that uplink while it works, as systemd-networkd has it (RoutesToDNS=). Where every uplink that
 * carries connections has named it, any serves; and what `main` has a route of its own for is left to that.
 */
export function routedServers(
  family: Family,
  config: Config,
  uplinks: readonly Uplink[],
  observed: Observed,
): readonly RoutedServer[] {
  const carrying = activeUplinks(family, config, uplinks).map(({ name }) => name)
  const working = usable(family, uplinks).filter(({ name, standby }) => !standby || carrying.includes(name))
  const asked = new Map<string, readonly Usable[]>()
  for (const uplink of working)
    for (const server of nameServersOf(uplink, family, observed))
      asked.set(server, [...(asked.get(server) ?? []).filter((one) => one !== uplink), uplink])
  return [...asked].flatMap(([server, by]) => {
    const anyServes = carrying.every((name) => by.some((uplink) => uplink.name === name))
    return anyServes || specificRoute(server, observed) ? [] : [{ server, by }]
  })
}

/**
 * The rules. A server that is both dead and asked is rare: mostly there are no rules, and no chain that would cost
 * anything.
 */
export function decideNameServers(config: Config, uplinks: readonly Uplink[], observed: Observed): NameServerRules {
  const redirections = redirectedServers(config, uplinks, observed)
  if (redirections.length === 0) return { marking: [], chains: [] }
  const { pinned } = marks(config.layout)
  // Only what leaves by an uplink is moved: questions that lead to a LAN or into a VPN are not asked of the dead
  // uplink.
  const out = `oif ${oneOf(uplinks.flatMap(({ index }) => index ?? []))}`
  const questions = redirections.flatMap(({ family, from, to, number }) => {
    const ip = family === 'inet' ? 'ip' : 'ip6'
    const mark = hex((markOf(number, config.layout) | pinned) >>> 0)
    return ['udp', 'tcp'].map((protocol) => {
      const question = `${out} ${ip} daddr ${from} ${protocol} dport 0x35`
      return { mark: `${question} meta mark 0 meta mark set ${mark}`, translate: `${question} dnat ${ip} to ${to}` }
    })
  })
  const hook = { type: 'nat', hook: 'output', priority: hookPriorities.names }
  return {
    marking: questions.map(({ mark }) => mark),
    chains: [{ name: 'names', hook, rules: questions.map(({ translate }) => translate) }],
  }
}

/** The redirections for now; none where no named server is dead, or no living one is known. */
export function redirectedServers(
  config: Config,
  uplinks: readonly Uplink[],
  observed: Observed,
): readonly Redirection[] {
  const present = uplinks.filter(({ index, lingers }) => index !== null && lingers === undefined)
  return (['inet', 'inet6'] as const).flatMap((family) => {
    const serversOf = (uplink: Uplink) => nameServersOf(uplink, family, observed)
    // Its answers have to find back, for which the question is translated.
    const living = present.filter((uplink) => isAlive(uplink, family) && masqueradeOf(uplink, config) !== 'no')
    const dead = present.filter((uplink) => !isAlive(uplink, family))
    if (dead.length === 0) return []
    const servers = new Set(present.flatMap(serversOf))
    /** By server, the device of main's specific route; undefined where the default takes it. */
    const devices = new Map(
      [...servers].map((server) => {
        const route = specificRoute(server, observed)
        return [server, route && (route.nexthops[0]?.device ?? '')]
      }),
    )
    const isFree = (server: string) => devices.get(server) === undefined
    const leadsTo = (server: string, to: readonly Uplink[]) =>
      to.some((uplink) => uplink.interface === devices.get(server))
    // Servers that lead elsewhere, as into a LAN, are passed over, whoever names them.
    const serverOf = (uplink: Uplink) => serversOf(uplink).find((server) => isFree(server) || leadsTo(server, [uplink]))
    const heir = living.find((uplink) => serverOf(uplink) !== undefined)
    const to = heir && serverOf(heir)
    if (!heir || to === undefined) return []
    // A dead and a living uplink may name the same server, and systemd-networkd routes it by one of them.
    const answered = living.flatMap(serversOf).filter((server) => !leadsTo(server, dead))
    const others = new Set([...answered, ...probed(config), ...addressesOf(observed)])
    const orphans = [...new Set(dead.flatMap(serversOf))].filter(
      (server) => !others.has(server) && (isFree(server) || leadsTo(server, dead)),
    )
    return orphans.slice(0, most).map((from) => ({ family, from, to, number: heir.number }))
  })
}

/** Addresses of this host, which may be a name server itself. */
function addressesOf({ links }: Observed): readonly string[] {
  return links.flatMap(({ addresses }) => addresses.map(({ address }) => address))
}

/** Targets of probes that ask a name server: each has to reach that server and no other. */
function probed({ uplinks }: Config): readonly string[] {
  return uplinks.flatMap(({ probe }) => (probe?.kind === 'dns' || probe?.kind === 'tcp' ? (probe.targets ?? []) : []))
}

function oneOf(indices: readonly number[]): string {
  return indices.length > 1 ? `{ ${indices.toSorted((a, b) => a - b).join(', ')} }` : String(indices[0])
}
