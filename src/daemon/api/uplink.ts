/** org.ifbalance1.Uplink: one uplink as it was after the last round. */

import { readCounters } from '../../kernel/devices/counters.ts'
import type { Health } from '../../model/health.ts'
import { knownFigures } from '../../model/line-figures.ts'
import type { Family } from '../../net/family.ts'
import { stateReason } from '../../status/state-reason.ts'
import type { UplinkStatus } from '../../status/status.ts'
import { weightReason } from '../../status/weight-reason.ts'
import { loadHealth } from '../../store/health.ts'
import { getOwn } from '../../values/get-own.ts'
import { type Interface, nothing, type Property } from './describe.ts'

const uplinkInterface = 'org.ifbalance1.Uplink'

/**
 * The path of an uplink's object. It has the number and not the name: people choose names, and most of their characters
 * are not allowed in paths.
 */
export function uplinkPath({ number }: { readonly number: number }): string {
  return `/org/ifbalance1/uplink/${number}`
}

/** `health` gives what is known of the lines when somebody asks. */
export function describeUplink(uplink: UplinkStatus, health: () => Health = loadHealth): Interface {
  const { inet, inet6 } = uplink
  const counter = (name: 'rxBytes' | 'rxPackets' | 'txBytes' | 'txPackets'): Property => ({
    type: 't',
    changes: 'none',
    read: () => readCounters().get(uplink.interface)?.[name] ?? 0,
  })
  const figures = (family: Family): Property => ({
    type: 'a{sd}',
    changes: 'none',
    read: () => {
      const line = getOwn(health(), uplink.name)?.[family]
      return line === undefined ? [] : knownFigures(line)
    },
  })
  const properties = new Map<string, Property>([
    ['Name', fixed('s', uplink.name, 'never')],
    ['Number', fixed('u', uplink.number, 'never')],
    ['Interface', fixed('s', uplink.interface)],
    ['State', fixed('s', uplink.state)],
    ['StateReason', { type: 's', changes: 'none', read: () => stateReason(uplink, health()) ?? '' }],
    ['Since', fixed('t', (uplink.since ?? 0) * 1000)],
    ['Reason', fixed('s', reasonOf(uplink), 'none')],
    ['Drained', fixed('s', uplink.drained ?? '')],
    ['Standby', fixed('b', uplink.standby ?? false)],
    ['Metered', fixed('b', uplink.metered ?? false)],
    ['QuotaUsed', fixed('d', uplink.quota ? uplink.quota.used / uplink.quota.bytes : 0, 'none')],
    ['Gateway4', fixed('s', inet?.gateway ?? '')],
    ['Gateway6', fixed('s', inet6?.gateway ?? '')],
    ['Addresses', fixed('as', [...(inet?.addresses ?? []), ...(inet6?.addresses ?? [])])],
    ['Weight', fixed('u', uplink.weight)],
    ['WeightReason', fixed('s', weightReason(uplink) ?? '', 'none')],
    ['Metric', fixed('u', uplink.metric)],
    ['Share', fixed('d', (inet ?? inet6)?.share ?? 0)],
    ['Line4', figures('inet')],
    ['Line6', figures('inet6')],
    ['RxBytes', counter('rxBytes')],
    ['RxPackets', counter('rxPackets')],
    ['TxBytes', counter('txBytes')],
    ['TxPackets', counter('txPackets')],
  ])
  return { name: uplinkInterface, methods: nothing, signals: nothing, properties }
}

function reasonOf({ state, why, inet, inet6 }: UplinkStatus): string {
  if (why !== undefined || state === 'online') return why ?? ''
  return [...new Set([inet?.health?.why, inet6?.health?.why].filter(Boolean))].join('; ')
}

/** A property with a value that was known when the object was made. */
export function fixed(type: string, value: unknown, changes: Property['changes'] = 'signal'): Property {
  return { type, changes, read: () => value }
}
