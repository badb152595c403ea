/**
 * Bridges that lead out and that nobody has listed, as on hosts of virtual machines (Proxmox' vmbr0). They are not adopted:
 * the router may as well be a guest on the same bridge, and a bridge keeps its carrier whatever its cables do. Pure.
 */
import { tables } from '../../../layout.ts'
import type { Config } from '../../../model/config.ts'
import type { Link } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { matchesPattern } from '../../../net/patterns.ts'
import { isInterfaceName } from '../../../net/valid.ts'

/** With the very lines to write, as far as they are known: which gateway is behind one without a default route, nobody says. */
export function unlistedBridges(config: Config, uplinks: readonly Uplink[], observed: Observed): readonly Trouble[] {
  const bridges = observed.links.filter((link) => isUnsaid(link, config, uplinks, observed))
  const leading = bridges.filter(({ name }) => isDefault(name, observed))
  if (leading.length === 0) return []
  const others = bridges.filter((link) => !leading.includes(link) && hasCard(link, observed))
  return [
    ...leading.map(
      ({ name }): Trouble => ({
        kind: 'bridge',
        reason: `${name} leads out, and a bridge is no uplink unless it is listed: write [uplink ${name}]`,
      }),
    ),
    ...others.slice(0, most).map(
      ({ name }): Trouble => ({
        kind: 'bridge',
        reason: `${name} has an address, and nobody knows its gateway: if it leads out, too, write [uplink ${name}] with gateway = ADDRESS`,
      }),
    ),
  ]
}

/** Bridges of containers are many. */
const most = 4

function isUnsaid({ name, kind, up, addresses }: Link, config: Config, uplinks: readonly Uplink[], observed: Observed) {
  return (
    kind === 'bridge' &&
    up &&
    isInterfaceName(name) &&
    config.balance.adopt === 'auto' &&
    addresses.some(({ global, usable }) => global && usable) &&
    observed.stanzas[name]?.balance === undefined &&
    !config.uplinks.some((section) => matchesPattern(section.interface, name)) &&
    !uplinks.some((uplink) => uplink.interface === name)
  )
}

function isDefault(device: string, { routes }: Observed): boolean {
  return routes.some(
    ({ table, type, destination, nexthops }) =>
      table === tables.main &&
      type === 'unicast' &&
      destination === 'default' &&
      nexthops.some((hop) => hop.device === device && hop.gateway !== null),
  )
}

/** Whether a card is a port of it: bridges of containers and guests have none. */
function hasCard({ index }: Link, { links }: Observed): boolean {
  return links.some(({ master, kind }) => master === index && [null, 'veth', 'vlan', 'bond'].includes(kind))
}
