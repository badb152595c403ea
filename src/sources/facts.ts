/** What DHCP clients and ifupdown told our hooks, and what dhclient wrote down before we were installed. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { Lease, NameServers6, RefusedPath, StanzaOptions } from '../model/facts.ts'
import { routedPrefixes } from '../net/ipv6-prefix.ts'
import {
  familyOf,
  isInterfaceName,
  isMetric,
  isUplinkName,
  isWeight,
  nameServers as validServers,
} from '../net/valid.ts'
import { namesIn, readIfThere } from '../os/files.ts'
import { log, messageOf } from '../os/log.ts'
import { parseGateways } from '../store/bus-facts.ts'
import { readNote } from '../store/file.ts'
import { listOf, stringsOf } from '../values/checked.ts'
import { parseDhclientLeases, parseDhclientPrefixes, parseSharedLeases } from './dhclient-leases.ts'

/** By interface. A hook's word is newer than the lease file, which a client may have left behind long ago. */
export function readLeases(now: Date): Readonly<Record<string, Lease>> {
  const onDisk = readEach(paths.dhclientLeases, /^dhclient\.(.+)\.leases$/, (text, name) =>
    parseDhclientLeases(text, name, now),
  )
  return { ...readSharedLeases(now), ...onDisk, ...readEach(paths.leases, /^(.+)\.json$/, parseLease) }
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
  const onDisk = readEach(paths.dhclientLeases, /^dhclient6\.(.+)\.leases$/, (text, name) =>
    parseDhclientPrefixes(text, name, now),
  )
  const kept = readEach(paths.delegations, /^(.+)\.json$/, (text) => routedPrefixes(listOf(JSON.parse(text))))
  return { ...onDisk, ...kept }
}

export function readStanzas(): Readonly<Record<string, StanzaOptions>> {
  return readEach(paths.stanzas, /^(.+)\.json$/, parseStanza)
}

export function readNameServers6(): Readonly<Record<string, NameServers6>> {
  return readEach(paths.nameServers6, /^(.+)\.json$/, (text) => {
    const { dhcp6, advertised } = JSON.parse(text) as Partial<Record<keyof NameServers6, unknown>>
    return { dhcp6: validServers(stringsOf(dhcp6)), advertised: validServers(stringsOf(advertised)) }
  })
}

export function readRefused(): readonly RefusedPath[] {
  try {
    return listOf(JSON.parse(readNote(paths.refused) ?? '[]')).flatMap(refusedPath)
  } catch (error) {
    log.warning(`reading ${paths.refused}: ${messageOf(error)}`)
    return []
  }
}

function refusedPath(value: unknown): readonly RefusedPath[] {
  const { family, device, gateway, why } = Object(value) as Partial<Record<keyof RefusedPath, unknown>>
  const isPath = (family === 'inet' || family === 'inet6') && typeof device === 'string' && isInterfaceName(device)
  const only = gateway === null || typeof gateway === 'string' ? { gateway } : {}
  return isPath ? [{ family, device, ...only, why: String(why) }] : []
}

export function readDisabled(): readonly string[] {
  return filesIn(paths.disabled).filter(isUplinkName)
}

function readEach<T>(
  folder: string,
  pattern: RegExp,
  parse: (text: string, name: string) => T | null,
): Readonly<Record<string, T>> {
  const found: [string, T][] = []
  for (const file of filesIn(folder)) {
    const name = pattern.exec(file)?.[1]
    if (name === undefined || !isInterfaceName(name)) continue
    try {
      const value = parse(readIfThere(join(folder, file)) ?? '', name)
      if (value !== null) found.push([name, value])
    } catch (error) {
      log.warning(`reading ${join(folder, file)}: ${messageOf(error)}`)
    }
  }
  return Object.fromEntries(found)
}

function filesIn(folder: string): readonly string[] {
  try {
    return namesIn(folder)
  } catch (error) {
    log.warning(`reading ${folder}: ${messageOf(error)}`)
    return []
  }
}

function parseLease(text: string): Lease | null {
  const { source, address, gateway, nameServers } = JSON.parse(text) as Partial<Record<keyof Lease, unknown>>
  const servers = validServers(stringsOf(nameServers))
  return {
    source: String(source),
    ...(typeof address === 'string' && familyOf(address) ? { address } : {}),
    gateway: parseGateways(gateway),
    ...(servers.length > 0 ? { nameServers: servers } : {}),
  }
}

function parseStanza(text: string): StanzaOptions {
  const { balance, name, weight, metric, gateway, mainGateway, nameServers } = JSON.parse(text) as Partial<
    Record<keyof StanzaOptions, unknown>
  >
  const servers = validServers(stringsOf(nameServers))
  return {
    ...(typeof balance === 'boolean' ? { balance } : {}),
    ...(typeof name === 'string' && isUplinkName(name) ? { name } : {}),
    ...(typeof weight === 'number' && isWeight(weight) ? { weight } : {}),
    ...(typeof metric === 'number' && isMetric(metric) ? { metric } : {}),
    gateway: parseGateways(gateway),
    ...(mainGateway === undefined ? {} : { mainGateway: parseGateways(mainGateway) }),
    ...(servers.length > 0 ? { nameServers: servers } : {}),
  }
}
