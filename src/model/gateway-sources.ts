/** Who names gateways, and whose word goes before whose; sources/ has a file for each source. Pure. */

/**
 * The ways in which an interface's gateway is known, best first. A DHCP client's lease is newer than what a service that was
 * asked over D-Bus says; the kernel's route may be another's; and `gateway` of a stanza says what main would have got, had it
 * had room.
 */
export const knownBy = ['configuration', 'lease', 'bus', 'route', 'stanza'] as const

export type KnownBy = (typeof knownBy)[number]

/**
 * What each source's word is kept as. Among the services on D-Bus, the first that names a gateway counts: who
 * configured the addresses knows the way out better than who only runs the modem. Among leases, the latest counts.
 */
export const gatewaySources = {
  ifupdown: 'stanza',
  dhclient: 'lease',
  dhcpcd: 'lease',
  pppd: 'lease',
  networkd: 'bus',
  NetworkManager: 'bus',
  ConnMan: 'bus',
  ModemManager: 'bus',
} as const satisfies Readonly<Record<string, KnownBy>>

export type SourceName = keyof typeof gatewaySources

/** The sources that are asked over D-Bus. */
export type BusSource = {
  [Name in SourceName]: (typeof gatewaySources)[Name] extends 'bus' ? Name : never
}[SourceName]

/** The same as a list, in the order of `gatewaySources`. */
export const busSources = (Object.keys(gatewaySources) as SourceName[]).filter(isBusSource)

function isBusSource(name: SourceName): name is BusSource {
  return gatewaySources[name] === 'bus'
}
