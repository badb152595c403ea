/** What DHCP clients told our hooks, and what dhclient wrote down before we were installed. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { Lease } from '../model/facts.ts'
import { readIfThere } from '../os/files.ts'
import { log } from '../os/log.ts'
import { delegations } from '../store/delegations.ts'
import { leases } from '../store/leases.ts'
import { loadEach } from '../store/per-interface.ts'
import { parseDhclientLeases, parseDhclientPrefixes, parseSharedLeases } from './dhclient-leases.ts'

/** Leases by interface. A hook's word is newer than the lease file, which a client may have left behind long ago. */
export function readLeases(now: Date): Readonly<Record<string, Lease>> {
  const onDisk = loadEach(paths.dhclientLeases, /^dhclient\.(.+)\.leases$/, (text, name) =>
    parseDhclientLeases(text, name, now),
  )
  return { ...readSharedLeases(now), ...onDisk, ...leases.loadAll() }
}

/** Leases from the file where dhclient itself keeps them: ifupdown-ng names no file. */
function readSharedLeases(now: Date): Readonly<Record<string, Lease>> {
  const file = join(paths.dhclientLeases, 'dhclient.leases')
  try {
    return parseSharedLeases(readIfThere(file) ?? '', now)
  } catch (error) {
    log.failure('reading', file, error)
    return {}
  }
}

/** IPv6 prefixes of DHCPv6 clients by interface. As with leases, a hook's word goes before the file. */
export function readDelegations(now: Date): Readonly<Record<string, readonly string[]>> {
  const onDisk = loadEach(paths.dhclientLeases, /^dhclient6\.(.+)\.leases$/, (text, name) =>
    parseDhclientPrefixes(text, name, now),
  )
  return { ...onDisk, ...delegations.loadAll() }
}
