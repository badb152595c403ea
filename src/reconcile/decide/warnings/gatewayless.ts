/** Interfaces that could be uplinks, but for a gateway: LANs, and those whose gateway nobody told us. Pure. */
import type { Config } from '../../../model/config.ts'
import type { Link } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { matchesPattern } from '../../../net/patterns.ts'
import { isInterfaceName } from '../../../net/valid.ts'
import { mayBeAdopted } from '../uplinks/candidates.ts'

type Gatewayless = Pick<Link, 'name'> & { readonly addresses: readonly string[] }

function gatewayless(config: Config, uplinks: readonly Uplink[], observed: Observed): readonly Gatewayless[] {
  return observed.links.flatMap((link) => {
    const { name, up, master } = link
    const isSaid =
      config.uplinks.some((section) => !section.enabled && matchesPattern(section.interface, name)) ||
      observed.stanzas[name]?.balance === false ||
      uplinks.some((uplink) => uplink.interface === name && (uplink.inet !== null || uplink.state === 'disabled'))
    const addresses = link.addresses.filter(({ family, global, usable }) => family === 'inet' && global && usable)
    if (!isInterfaceName(name) || !up || master !== null || isSaid || addresses.length === 0 || !mayBeAdopted(link))
      return []
    return [{ name, addresses: addresses.map(({ address }) => address) }]
  })
}

/**
 * Text lines for `ifbalance check`: a LAN is meant to have no gateway, but one whose DHCP client tells nobody is not.
 */
export function gatewaylessLines(config: Config, uplinks: readonly Uplink[], observed: Observed): readonly string[] {
  return gatewayless(config, uplinks, observed).map(
    ({ name }) => `${name} has an address and nobody knows its gateway: a LAN, or to be listed with gateway = ADDRESS`,
  )
}

/** Warnings of lines that a service has connected without telling their gateway, as ConnMan does of all but its first. */
export function untoldGateways(config: Config, uplinks: readonly Uplink[], observed: Observed): readonly Trouble[] {
  if (config.balance.adopt !== 'auto') return []
  return gatewayless(config, uplinks, observed).flatMap(({ name, addresses }): readonly Trouble[] => {
    const told = observed.bus[name]
    if (told?.source !== 'ConnMan' || !addresses.some((address) => told.addresses.includes(address))) return []
    const reason = `${name} is connected, and ConnMan does not tell its gateway: write [uplink ${name}] with gateway = ADDRESS`
    return [{ kind: 'lan', family: 'inet', reason }]
  })
}

/**
 * Warnings of two devices with the same address, such as two sticks fresh from the factory: systemd-networkd keeps one
 * default route for both.
 */
export function twins(config: Config, uplinks: readonly Uplink[], observed: Observed): readonly Trouble[] {
  return gatewayless(config, uplinks, observed).flatMap(({ name, addresses }) =>
    uplinks.flatMap((uplink): readonly Trouble[] => {
      const shared = addresses.find((address) => uplink.inet?.addresses.includes(address))
      if (shared === undefined) return []
      const gateway = uplink.inet?.gateway ?? 'ADDRESS'
      const reason =
        `${name} has the address of uplink ${uplink.name} (${shared}) and no gateway that anybody knows: write ` +
        `[uplink ${name}] with gateway = ${gateway}, if that is its own, too`
      return [{ kind: 'shared-address', uplink: uplink.name, family: 'inet', reason }]
    }),
  )
}
