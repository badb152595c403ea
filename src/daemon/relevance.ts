/**
 * How urgent a line of `ip -Numeric monitor` is. A container that starts is twenty lines about devices that are no
 * uplink's, and a routing daemon may change a hundred routes a second: neither is to cost a round each time. Pure.
 */

import { isListed } from '../kernel/iproute/route-listing.ts'
import type { Config } from '../model/config.ts'
import type { Link } from '../model/kernel.ts'
import type { Observed } from '../model/observed.ts'
import type { Uplink } from '../model/uplink.ts'
import { getOwn } from '../values/get-own.ts'

/** Whether to look at once, when it has settled, within some seconds, or not at all. */
export type Relevance = 'at once' | 'now' | 'soon' | 'never'

export interface Scene {
  /** Whether the device is an uplink, or below one. */
  readonly isOfUplink: (device: string) => boolean
  /** Whether the device had a carrier. */
  readonly hadCarrier: (device: string) => boolean
  /** Whether routing daemons' routes are looked at; see kernel/iproute/route-listing.ts. */
  readonly areHidden: boolean
}

/** What the line says, which is untrusted only in so far as devices have names. What is not understood is urgent. */
export function relevanceOf(line: string, { isOfUplink, hadCarrier, areHidden }: Scene): Relevance {
  // The first line of a message says enough.
  if (/^\s/.test(line)) return 'never'
  const lost = withoutCarrier(line)
  if (lost !== undefined && isOfUplink(lost) && hadCarrier(lost)) return 'at once'
  const text = line.replace(/^Deleted /, '')
  const device = [aboutLink, aboutSettings, aboutAddress, aboutRoute]
    .map((about) => about.exec(text)?.[1])
    .find(Boolean)
  if (device !== undefined) return isOfUplink(device) ? 'now' : 'soon'
  const protocol = /^(?!default ).* proto (\d+)(?: |$)/.exec(text)?.[1]
  if (protocol === undefined || isListed(Number(protocol)) || / default /.test(text)) return 'now'
  return areHidden ? 'never' : 'soon'
}

/** The device that the line says to have no carrier. */
export function withoutCarrier(line: string): string | undefined {
  return lostCarrier.exec(line)?.[1]
}

/** The whole of a lost cable is told by one of its devices, so there is nothing to wait for; see kernel/devices/cables.ts. */
const lostCarrier = /^\d+: ([^\s:@]+)(?:@\S+)?: <NO-CARRIER,/
const aboutLink = /^\d+: ([^\s:@]+)(?:@\S+)?: </
/** The settings of all devices, and of those to come, are everybody's. */
const aboutSettings = /^inet6? (?!all |default )(\S+) ?/
/** Link-local addresses, and routes of these and of multicast, which every device has. */
const aboutAddress = /^\d+: (\S+) +inet6 fe80:/
const aboutRoute = /^(?:\d+ )?(?:fe80:|ff00:)\S* dev (\S+)/

/** What a round found: uplinks, those that the configuration names, and what they hang on. */
export function sceneOf(
  { links, leases, hiddenRoutes = [] }: Observed,
  uplinks: readonly Uplink[],
  config: Pick<Config, 'uplinks'>,
): Scene {
  const names = new Set([...uplinks, ...config.uplinks].map((uplink) => uplink.interface))
  const isBelow = ({ name, index }: Link, { below, ...link }: Link) =>
    below === index || getOwn(leases, link.name)?.below === name
  for (let size = 0; size < names.size; ) {
    size = names.size
    const above = links.filter(({ name }) => names.has(name))
    for (const link of links)
      if (above.some((one) => isBelow(link, one) || link.master === one.index)) names.add(link.name)
  }
  const carriers = new Set(links.filter(({ carrier }) => carrier).map(({ name }) => name))
  return {
    isOfUplink: (device) => names.has(device),
    hadCarrier: (device) => carriers.has(device),
    areHidden: hiddenRoutes.length > 0,
  }
}
