/** What the daemon was told over D-Bus (sources/services.ts), read back from its file by whoever looks at the world. */
import { existsSync } from 'node:fs'
import { paths } from '../layout.ts'
import type { BusLink, Gateways, Modem } from '../model/facts.ts'
import { type BusSource, busSources } from '../model/gateway-sources.ts'
import type { Family } from '../net/family.ts'
import { routedPrefixes } from '../net/ipv6-prefix.ts'
import { familyOf, isGateway, isInterfaceName, nameServers } from '../net/valid.ts'
import { readIfThere } from '../os/files.ts'
import { log, messageOf } from '../os/log.ts'
import { type Json, listOf, objectOf, stringsOf } from '../values/checked.ts'
import { own } from '../values/own.ts'

/** What one service said, by interface. */
export type Told = Readonly<Record<string, Omit<BusLink, 'source'>>>

export type BusFacts = Readonly<Record<BusSource, Told>>

const noFacts = bySource(() => ({}))

/** By interface. Without a daemon nobody hears when a modem connects again: then it counts as connected. */
export function readBus(): Readonly<Record<string, BusLink>> {
  return mergeFacts(readBusFacts(), existsSync(paths.control))
}

/** No file and half a file are the same: nothing was said. */
export function readBusFacts(): BusFacts {
  try {
    return parseBusFacts(readIfThere(paths.bus))
  } catch (error) {
    log.warning(`reading what network services said: ${messageOf(error)}; asking them again`)
    return noFacts
  }
}

export function mergeFacts(facts: BusFacts, daemonRuns: boolean): Readonly<Record<string, BusLink>> {
  const names = new Set(busSources.flatMap((source) => Object.keys(facts[source])))
  return Object.fromEntries([...names].toSorted().map((name) => [name, mergeLink(name, facts, daemonRuns)]))
}

function mergeLink(name: string, facts: BusFacts, daemonRuns: boolean): BusLink {
  const told = busSources.flatMap((source) => {
    const link = own(facts[source], name)
    return link ? [{ source, ...link }] : []
  })
  const best = told.find(({ gateway }) => Object.keys(gateway).length > 0) ?? told[0]
  const modem = told.find((link) => link.modem)?.modem
  const servers = nameServers(told.flatMap((link) => link.nameServers ?? []))
  const prefixes = told.find((link) => link.prefixes)?.prefixes
  return {
    source: best?.source ?? '',
    addresses: best?.addresses ?? [],
    gateway: best?.gateway ?? {},
    ...(servers.length > 0 && { nameServers: servers }),
    ...(prefixes ? { prefixes } : {}),
    ...(modem && daemonRuns ? { modem } : {}),
  }
}

function parseBusFacts(text: string | null): BusFacts {
  if (text === null) return noFacts
  const facts = objectOf(JSON.parse(text))
  return bySource((source) =>
    Object.fromEntries(
      Object.entries(objectOf(facts[source]))
        .filter(([name]) => isInterfaceName(name))
        .map(([name, link]) => [name, parseLink(objectOf(link))]),
    ),
  )
}

function bySource(of: (source: BusSource) => Told): BusFacts {
  return Object.fromEntries(busSources.map((source) => [source, of(source)])) as BusFacts
}

function parseLink({ addresses, gateway, nameServers: named, prefixes, modem }: Json): Omit<BusLink, 'source'> {
  const servers = nameServers(stringsOf(named))
  return {
    addresses: stringsOf(addresses).filter((address) => familyOf(address) !== null),
    gateway: parseGateways(gateway),
    ...(servers.length > 0 && { nameServers: servers }),
    ...(prefixes === undefined ? {} : { prefixes: routedPrefixes(listOf(prefixes)) }),
    ...(modem === undefined ? {} : { modem: parseModem(objectOf(modem)) }),
  }
}

function parseModem({ connected, signal, technologies }: Json): Modem {
  return {
    connected: connected !== false,
    signal: typeof signal === 'number' ? signal : null,
    technologies: stringsOf(technologies),
  }
}

/** Shared with what hooks kept: of anything else there may be, the addresses of each family, or null. */
export function parseGateways(value: unknown): Gateways {
  const valid = Object.entries(objectOf(value)).filter(
    ([family, address]) =>
      (family === 'inet' || family === 'inet6') &&
      (address === null || (typeof address === 'string' && isGateway(address, family as Family))),
  )
  return Object.fromEntries(valid)
}
