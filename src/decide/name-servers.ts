/**
 * The host's questions to a dead uplink's name servers -> a living uplink's. Such a server is often the router of that
 * uplink, which no other uplink leads to, and resolv.conf(5) may know no other. IPv4 only.
 *
 * Two things have to happen to a question: it gets the living uplink's mark, because its source address is the dead one's
 * already and would keep it there, and then its destination is changed. Masquerade gives it a source that can be answered.
 */
import { hookPriorities, markOf, marks } from '../ids.ts'
import type { Chain, Config, Observed, Uplink } from '../model.ts'
import { own } from '../own.ts'
import { hex } from '../rule-spec.ts'

export interface NameServerRules {
  /** For the output hook of type route. */
  readonly marking: readonly string[]
  /** None where nothing has to be redirected. */
  readonly chains: readonly Chain[]
}

/** As many as the resolver of libc asks. */
const most = 3

/** What is both dead and asked is rare: mostly there are no rules, and no chain that would cost anything. */
export function decideNameServers(config: Config, uplinks: readonly Uplink[], observed: Observed): NameServerRules {
  const serversOf = ({ interface: device }: Uplink) => own(observed.leases, device)?.nameServers ?? []
  const living = uplinks.filter(works)
  const reachable = new Set([...living.flatMap(serversOf), ...probed(config)])
  const heir = living.find((uplink) => serversOf(uplink).length > 0)
  const instead = heir && serversOf(heir)[0]
  const dead = uplinks.filter((uplink) => uplink.index !== null && !works(uplink)).flatMap(serversOf)
  const orphans = [...new Set(dead)].filter((server) => !reachable.has(server)).slice(0, most)
  if (!heir || instead === undefined || orphans.length === 0 || !config.balance.masquerade)
    return { marking: [], chains: [] }
  const mark = hex((markOf(heir.number, config.numbers) | marks(config.numbers).pinned) >>> 0)
  const questions = orphans.flatMap((server) =>
    ['udp', 'tcp'].map((protocol) => `ip daddr ${server} ${protocol} dport 0x35`),
  )
  return {
    marking: questions.map((question) => `${question} meta mark 0 meta mark set ${mark}`),
    chains: [
      {
        name: 'names',
        hook: { type: 'nat', hook: 'output', priority: hookPriorities.names },
        rules: questions.map((question) => `${question} dnat ip to ${instead}`),
      },
    ],
  }
}

function works({ state, inet }: Uplink): boolean {
  return ['online', 'suspect', 'degraded'].includes(state) && inet !== null && inet.line?.state !== 'offline'
}

/** A probe that asks such a server has to reach that one and no other. */
function probed({ uplinks }: Config): readonly string[] {
  return uplinks.flatMap(({ probe }) => (probe?.kind === 'dns' || probe?.kind === 'tcp' ? (probe.targets ?? []) : []))
}
