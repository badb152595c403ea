/**
 * Has the kernel of a standby know its gateways before it becomes active. keepalived adds an IPv6 address, and the kernel asks for the
 * gateway from it at once; but it takes packets for that address in only a moment later, when a work queue has made its local route
 * (addrconf_dad_work() in Linux 6.18, also for an address without duplicate detection). An answer that comes before is lost, and the next
 * question comes a second later. In IPv4 the address and its route are there together.
 */
import { sendTo } from '../kernel/iproute/neighbours.ts'
import type { Uplink } from '../model/uplink.ts'

/** Entries that are not used are kept while there are fewer than 128 (`gc_thresh1`), so this is for gateways that were replaced. */
const againMs = 20_000

export interface KnownGateways {
  /** Called after each round. Asks without waiting. */
  readonly update: (uplinks: readonly Uplink[]) => void
}

export function createKnownGateways(ask: (gateway: string, device: string) => void = sendTo): KnownGateways {
  const asked = new Map<string, number>()
  return {
    update: (uplinks) => {
      const now = performance.now()
      for (const { state, inet6, interface: device } of uplinks) {
        const gateway = state === 'standby' ? inet6?.gateway : undefined
        if (!gateway) continue
        const key = `${gateway} ${device}`
        if (now - (asked.get(key) ?? Number.NEGATIVE_INFINITY) < againMs) continue
        asked.set(key, now)
        ask(gateway, device)
      }
      for (const [key, at] of asked) if (now - at >= againMs) asked.delete(key)
    },
  }
}
