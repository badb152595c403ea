/** What DHCP clients told our hooks, and what dhclient wrote down before we were installed. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { Lease } from '../model/facts.ts'
import { readIfThere } from '../os/files.ts'
import { log, messageOf } from '../os/log.ts'
import { delegations } from '../store/delegations.ts'
import { leases } from '../store/leases.ts'
import { loadEach } from '../store/per-interface.ts'
import { parseDhclientLeases, parseDhclientPrefixes, parseSharedLeases } from './dhclient-leases.ts'

/** By interface. A hook's word is newer than the lease file, which a client may have left behind long ago. */
export function readLeases(now: Date): Readonly<Record<string, Lease>> {
  const onDisk = loadEach(paths.dhclientLeases, /^dhclient\.(.+)\.leases$/, (text, name) =>
    parseDhclientLeases(text, name, now),
  )
  return { ...readSharedLeases(now), ...onDisk, ...leases.loadAll() }
}

/** ifupdown-ng has dhclient keep its leases where dhclient itself would. */
function readSharedLeases(now: Date): Readonly<Record<string, Lease>> {
  const file = join(paths.dhclientLeases, 'dhclient.leases')
  try {
    return parseSharedLeases(readIfThere(file) ?? '', now)
  } catch (error) {
    log.warning(`reading ${file}: ${messageOf(error)}`)
    return {}
  }
}

/** By interface, the prefixes of DHCPv6 clients; of leases as above. */
export function readDelegations(now: Date): Readonly<Record<string, readonly string[]>> {
  const onDisk = loadEach(paths.dhclientLeases, /^dhclient6\.(.+)\.leases$/, (text, name) =>
    parseDhclientPrefixes(text, name, now),
  )
  return { ...onDisk, ...delegations.loadAll() }
}
