/** What the host's network services say over D-Bus, kept where all runs read it (store/bus-facts.ts). */
import type { BusSource } from '../model/gateway-sources.ts'
import type { Bus } from '../os/dbus/bus.ts'
import { log, messageOf } from '../os/log.ts'
import { type BusFacts, loadBusFacts, mergeFacts, type ServiceReport, saveBusFacts } from '../store/bus-facts.ts'
import { services } from './registry.ts'
import { followService } from './service.ts'

export interface Services {
  /** Tells that the kernel has changed: networkd does not announce everything, such as a router that expires. */
  readonly kernelChanged: () => void
  readonly stop: () => void
}

/**
 * Follows all services. It begins with what an earlier daemon was told, so a restart changes nothing. Calls `onChange`
 * with a service's name when what it says matters.
 */
export function followServices(bus: Bus, onChange: (source: BusSource) => void): Services {
  let facts: BusFacts = loadBusFacts()

  function keep(source: BusSource, told: ServiceReport): void {
    const before = relevantFacts(facts)
    facts = { ...facts, [source]: told }
    try {
      saveBusFacts(facts)
    } catch (error) {
      log.error(`keeping what ${source} said: ${messageOf(error)}`)
    }
    if (relevantFacts(facts) !== before) onChange(source)
  }

  const followers = new Map(
    services.map((service) => [
      service.source,
      followService(bus, service, facts[service.source], (told) => keep(service.source, told)),
    ]),
  )
  return {
    kernelChanged: () => followers.get('networkd')?.look(),
    stop: () => {
      for (const { stop } of followers.values()) stop()
    },
  }
}

/** What of the facts matters, as text to compare. A modem's signal comes and goes without consequence. */
function relevantFacts(facts: BusFacts): string {
  const links = Object.entries(mergeFacts(facts, true)).map(([name, { addresses, gateway, prefixes, modem }]) => [
    name,
    addresses,
    gateway,
    prefixes,
    modem?.connected,
  ])
  return JSON.stringify(links)
}
