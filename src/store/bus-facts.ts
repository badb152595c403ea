/** What network services said over D-Bus: sources/services.ts writes it down, and every run reads it back. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { BusLink, Modem } from '../model/facts.ts'
import { type BusSource, busSources } from '../model/gateway-sources.ts'
import { routedPrefixes } from '../net/ipv6-prefix.ts'
import { familyOf, isInterfaceName, nameServers } from '../net/valid.ts'
import { replaceFile } from '../os/files.ts'
import { type Json, listOf, objectOf, stringsOf } from '../values/checked.ts'
import { getOwn } from '../values/get-own.ts'
import { parseGateways } from './gateways.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

/** What one service said: by interface, the link without the service's name. */
export type ServiceReport = Readonly<Record<string, Omit<BusLink, 'source'>>>

export type BusFacts = Readonly<Record<BusSource, ServiceReport>>

export const busFile: Format<BusFacts> = {
  path: join(paths.run, 'bus.json'),
  none: bySource(() => ({})),
  parse: parseBusFacts,
  format: jsonText,
}

/** The facts as saved last. A missing or broken file says nothing. Never throws. */
export function loadBusFacts(): BusFacts {
  return load(busFile, 'asking network services again')
}

/** Saves the facts. Throws where they cannot be written. */
export function saveBusFacts(facts: BusFacts): void {
  replaceFile(busFile.path, busFile.format(facts))
}

/**
 * By interface, what all services said together. Without a daemon nobody hears when a modem connects again, so every
 * modem counts as connected then.
 */
export function loadBus(): Readonly<Record<string, BusLink>> {
  return mergeFacts(loadBusFacts(), existsSync(paths.control))
}

/** By interface, one link from what all services said of it; `source` is the one that named the gateways. */
export function mergeFacts(facts: BusFacts, daemonRuns: boolean): Readonly<Record<string, BusLink>> {
  const names = new Set(busSources.flatMap((source) => Object.keys(facts[source])))
  return Object.fromEntries([...names].toSorted().map((name) => [name, mergeLink(name, facts, daemonRuns)]))
}

function mergeLink(name: string, facts: BusFacts, daemonRuns: boolean): BusLink {
  const told = busSources.flatMap((source) => {
    const link = getOwn(facts[source], name)
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

function parseBusFacts(text: string): BusFacts {
  const facts = jsonObject(text)
  return bySource((source) =>
    Object.fromEntries(
      Object.entries(objectOf(facts[source]))
        .filter(([name]) => isInterfaceName(name))
        .map(([name, link]) => [name, parseLink(objectOf(link))]),
    ),
  )
}

function bySource(of: (source: BusSource) => ServiceReport): BusFacts {
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
