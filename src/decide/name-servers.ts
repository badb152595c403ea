/**
 * The host's questions to a dead uplink's name servers -> a living uplink's. Such a server is often the router of that
 * uplink, which no other uplink leads to, and resolv.conf(5) may know no other. systemd-resolved asks the servers of every
 * link, by its link, and takes the first answer with an address; but that a name is not there it believes only when all
 * have said so, which takes it five seconds and more while one is dead (252, 257).
 *
 * Two things have to happen to a question: it gets the living uplink's mark, because its source address is the dead one's
 * already and would keep it there, and then its destination is changed. Masquerade gives it a source that can be answered.
 */
import { hookPriorities, markOf, marks, tables } from '../ids.ts'
import type { Chain, Config, Family, Observed, Uplink } from '../model.ts'
import { own } from '../own.ts'
import { hex } from '../rule-spec.ts'
import { familyOf } from '../valid.ts'
import { works } from './drains.ts'

export interface NameServerRules {
  /** For the output hook of type route. */
  readonly marking: readonly string[]
  /** None where nothing has to be redirected. */
  readonly chains: readonly Chain[]
}

/** Questions to one server that go to another, by the uplink of this number, for now. */
export interface Redirection {
  readonly family: Family
  readonly from: string
  readonly to: string
  readonly number: number
}

/** As many as the resolver of libc asks. */
const most = 3

/** What is both dead and asked is rare: mostly there are no rules, and no chain that would cost anything. */
export function decideNameServers(config: Config, uplinks: readonly Uplink[], observed: Observed): NameServerRules {
  const redirections = redirectedServers(config, uplinks, observed)
  if (redirections.length === 0) return { marking: [], chains: [] }
  const { pinned } = marks(config.numbers)
  const questions = redirections.flatMap(({ family, from, to, number }) => {
    const ip = family === 'inet' ? 'ip' : 'ip6'
    const mark = hex((markOf(number, config.numbers) | pinned) >>> 0)
    return ['udp', 'tcp'].map((protocol) => {
      const question = `${ip} daddr ${from} ${protocol} dport 0x35`
      return { mark: `${question} meta mark 0 meta mark set ${mark}`, translate: `${question} dnat ${ip} to ${to}` }
    })
  })
  const hook = { type: 'nat', hook: 'output', priority: hookPriorities.names }
  return {
    marking: questions.map(({ mark }) => mark),
    chains: [{ name: 'names', hook, rules: questions.map(({ translate }) => translate) }],
  }
}

export function redirectedServers(
  config: Config,
  uplinks: readonly Uplink[],
  observed: Observed,
): readonly Redirection[] {
  const present = uplinks.filter(({ index }) => index !== null)
  if (!config.balance.masquerade) return []
  return (['inet', 'inet6'] as const).flatMap((family) => {
    const serversOf = (uplink: Uplink) => nameServersOf(uplink, observed).filter((one) => familyOf(one) === family)
    const living = present.filter((uplink) => works(uplink, family))
    const dead = present.filter((uplink) => !works(uplink, family))
    // Both may name the same one, and systemd-networkd routes it by one of them.
    const good = (server: string) => !dead.some((uplink) => isRoutedBy(uplink, server, observed))
    const heir = living.find((uplink) => serversOf(uplink).some(good))
    const to = heir && serversOf(heir).find(good)
    if (!heir || to === undefined) return []
    const answered = new Set([...living.flatMap(serversOf).filter(good), ...probed(config)])
    const orphans = [...new Set(dead.flatMap(serversOf))].filter((server) => !answered.has(server))
    return orphans.slice(0, most).map((from) => ({ family, from, to, number: heir.number }))
  })
}

/** From whoever named some; the same one counts once. */
function nameServersOf({ interface: device }: Uplink, observed: Observed): readonly string[] {
  const six = own(observed.nameServers6 ?? {}, device)
  const named = [own(observed.stanzas, device)?.nameServers, own(observed.leases, device)?.nameServers]
  return [...named, six?.dhcp6, six?.advertised, own(observed.bus, device)?.nameServers].flatMap((list) => list ?? [])
}

/** By a route of its own in main, which marked packets follow, too. */
function isRoutedBy({ interface: device }: Uplink, server: string, { routes }: Observed): boolean {
  const to = routes.filter(({ table, destination }) => table === tables.main && destination === server)
  const best = to.toSorted((a, b) => a.metric - b.metric)[0]
  return best?.nexthops[0]?.device === device
}

/** A probe that asks such a server has to reach that one and no other. */
function probed({ uplinks }: Config): readonly string[] {
  return uplinks.flatMap(({ probe }) => (probe?.kind === 'dns' || probe?.kind === 'tcp' ? (probe.targets ?? []) : []))
}
