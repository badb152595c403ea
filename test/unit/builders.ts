/** Values as usual as they can be: a test says what it is about, and nothing else. */
import { readFileSync } from 'node:fs'
import type { LineHealth, LineState } from '../../src/model/health.ts'
import type { HistoryRow } from '../../src/model/history.ts'
import type { Link, Nexthop, Route } from '../../src/model/kernel.ts'
import type { Observed } from '../../src/model/observed.ts'
import type { Path, Uplink } from '../../src/model/uplink.ts'

/** What was seen of the world of a case in test/cases. */
export function worldOf(name: string): Observed {
  return JSON.parse(readFileSync(new URL(`../cases/${name}/observed.json`, import.meta.url), 'utf8'))
}

/** A host with nothing but IPv6 in its kernel. */
export function observedOf(more: Partial<Observed> = {}): Observed {
  return {
    ...{ ipv6: true, links: [], routes: [], rules: [], ruleset: null, sysctls: {}, leases: {}, bus: {}, stanzas: {} },
    ...{ disabled: [], state: { uplinks: {}, sysctls: {} }, tableNames: null },
    ...more,
  }
}

/** Ethernet, up, with carrier. */
export function linkOf(name: string, more: Partial<Link> = {}): Link {
  return {
    ...{ index: 9, name, kind: null, type: 1, up: true, carrier: true },
    ...{ pointToPoint: false, mtu: 1500, master: null, hardware: [], addresses: [] },
    ...more,
  }
}

export function hopOf(device: string, gateway: string | null = null, weight = 1): Nexthop {
  return { device, gateway, weight, onlink: false }
}

/** Of table `main`, by hand (RTPROT_STATIC), of the family that its addresses have. */
export function routeOf(destination: string, nexthops: readonly Nexthop[], more: Partial<Route> = {}): Route {
  const addresses = [destination, ...nexthops.map(({ gateway }) => gateway ?? '')]
  return {
    ...{ family: addresses.some((address) => address.includes(':')) ? 'inet6' : 'inet', type: 'unicast', destination },
    ...{ table: 254, protocol: 4, metric: 0, nexthops },
    ...more,
  }
}

/** `wan1` to `wan63`, online, with no way out. */
export function uplinkOf(number: number, more: Partial<Uplink> = {}): Uplink {
  return {
    ...{ name: `wan${number}`, number, interface: `wan${number}`, index: number, state: 'online', weight: 1 },
    ...{ metric: 10, inet: null, inet6: null },
    ...more,
  }
}

export function pathOf(gateway: string | null, addresses: readonly string[], more: Partial<Path> = {}): Path {
  return { gateway, onlink: false, mtu: 1500, addresses, ...more }
}

/** A line of which nothing is known but this. */
export function healthOf(state: LineState, degraded = false): LineHealth {
  return { state, degraded, since: 0, why: '', latencyMs: null, jitterMs: null, loss: 0, lastProbe: null }
}

/** A minute of `wan1` in IPv4, online all the time. */
export function historyRowOf(at: number, more: Partial<HistoryRow> = {}): HistoryRow {
  return {
    ...{ uplink: 'wan1', family: 'inet', at, online: 60, degraded: 0, offline: 0, down: 0, disabled: 0 },
    ...{ probes: 60, lost: 0, minMs: 9, meanMs: 10, maxMs: 20, jitterMs: 1, received: 100, sent: 10 },
    ...more,
  }
}

/** A minute in which nothing that was asked came back. */
export function outageRowOf(at: number, more: Partial<HistoryRow> = {}): HistoryRow {
  return historyRowOf(at, {
    ...{ online: 0, offline: 60, lost: 60, minMs: null, meanMs: null, maxMs: null, jitterMs: null },
    ...{ received: 0, sent: 0 },
    ...more,
  })
}
