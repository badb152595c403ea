/** Programs of this host whose UDP changes its address when uplinks change, see CAVEATS in ifbalance(8). */
import { readOwnFlows } from '../kernel/conntrack/udp-flows.ts'
import { readUnconnected } from '../kernel/sockets/unconnected.ts'
import { marks } from '../layout.ts'
import { activeUplinks } from '../model/active-uplinks.ts'
import type { Config } from '../model/config.ts'
import type { Observed } from '../model/observed.ts'
import type { UdpFlow } from '../model/tunnel.ts'
import type { Uplink } from '../model/uplink.ts'
import { messageOf } from '../os/log.ts'

/** How many programs are named. */
const most = 8

/** Text lines, none or one, from what goes on now. */
export async function checkUnconnected(
  config: Config,
  uplinks: readonly Uplink[],
  { links }: Pick<Observed, 'links'>,
): Promise<readonly string[]> {
  const families = (['inet', 'inet6'] as const).filter((family) => activeUplinks(family, config, uplinks).length > 1)
  if (families.length === 0) return []
  const { pinned, incoming } = marks(config.layout)
  const mark = { mark: pinned, mask: (pinned | incoming) >>> 0 }
  const own = new Set(links.flatMap(({ addresses }) => addresses.map(({ address }) => address)))
  try {
    const programs = await readUnconnected()
    if (programs.size === 0) return []
    const flows = await Promise.all(
      families.map((family) => readOwnFlows(family, mark, (address) => own.has(address), 'lasting')),
    )
    return unconnectedLines(programs, flows.flat())
  } catch (error) {
    return [`UDP by sockets without an address of their own: not looked for: ${messageOf(error)}`]
  }
}

/** `programs` by their ports; `flows`: what this host has sent by uplinks for a while. */
export function unconnectedLines(
  programs: ReadonlyMap<number, string>,
  flows: readonly Pick<UdpFlow, 'sourcePort'>[],
): readonly string[] {
  const names = [...new Set(flows.flatMap(({ sourcePort }) => programs.get(sourcePort) ?? []))].toSorted()
  if (names.length === 0) return []
  const shown = names.length > most ? [...names.slice(0, most), '...'] : names
  return [
    `UDP of ${shown.join(', ')} leaves by sockets without an address of their own: in mid-flow that may change when an uplink fails or comes back, see CAVEATS in ifbalance(8)`,
  ]
}
