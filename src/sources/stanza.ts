/** What ifupdown's hooks say: the `balance-*` options of a stanza in /etc/network/interfaces (interfaces(5)). */

import type { StanzaOptions } from '../model/facts.ts'
import type { Family } from '../net/family.ts'
import { familyOf, isGateway, isMetric, isUplinkName, isWeightOrNone, nameServers } from '../net/valid.ts'
import type { Environment } from './hook-event.ts'
import { quoted } from './quoted.ts'
import type { Reading } from './source.ts'

/**
 * Reads an event of ifupdown. A stanza holds from when its interface comes up until it is down: at `pre-down` the
 * interface is still whole, and without its `balance no` it would be adopted for its last moments.
 */
export function readStanzaEvent(device: string, env: Environment): Reading {
  // NetworkManager of Debian 12 runs these hooks for connections of its own, with METHOD=NetworkManager.
  if (env['MODE'] === 'stop') {
    if (env['PHASE'] === 'pre-down') return { fact: { kind: 'none' }, reconcile: false, complaints: [] }
    return { fact: { kind: 'stanza', options: null }, reconcile: true, complaints: [] }
  }
  const { options, complaints } = readStanzaOptions(device, env)
  return { fact: { kind: 'stanza', options }, reconcile: true, complaints }
}

interface Readings {
  readonly options: StanzaOptions
  readonly complaints: readonly string[]
}

/**
 * The options of a stanza from variables: ifupdown turns `balance-weight 4` into IF_BALANCE_WEIGHT=4. A value that
 * makes no sense is left out, with a complaint.
 */
function readStanzaOptions(device: string, env: Environment): Readings {
  const complaints: string[] = []
  const take = <T>(variable: string, option: string, expected: string, parse: (text: string) => T | undefined) => {
    const text = env[variable]?.trim()
    if (text === undefined || text === '') return undefined
    const value = parse(text)
    if (value === undefined) {
      complaints.push(`interfaces, ${device}: ${option} ${quoted(text)} is not ${expected}: ignored`)
    }
    return value
  }
  const balance = take('IF_BALANCE', 'balance', 'yes or no', parseYesNo)
  const name = take('IF_BALANCE_NAME', 'balance-name', 'a name for an uplink', (text) =>
    isUplinkName(text) ? text : undefined,
  )
  const weight = take('IF_BALANCE_WEIGHT', 'balance-weight', 'a number from 0 to 256', parseNumber(isWeightOrNone))
  const metric = take('IF_BALANCE_METRIC', 'balance-metric', 'a number from 0 to 65535', parseNumber(isMetric))
  const gateway = take('IF_BALANCE_GATEWAY', 'balance-gateway', 'one address a family', parseGateways)
  // A wrong `gateway` gets no complaint, as the option is ifupdown's.
  const mainGateway = parseGateways(env['IF_GATEWAY']?.trim() ?? '')
  const servers = nameServers((env['IF_DNS_NAMESERVERS'] ?? env['IF_DNS_NAMESERVER'] ?? '').trim().split(/\s+/))
  const options: StanzaOptions = {
    ...(balance !== undefined && { balance }),
    ...(name !== undefined && { name }),
    ...(weight !== undefined && { weight }),
    ...(metric !== undefined && { metric }),
    ...(gateway !== undefined && { gateway }),
    ...(mainGateway !== undefined && { mainGateway }),
    ...(servers.length > 0 && { nameServers: servers }),
  }
  return { options, complaints }
}

function parseYesNo(text: string): boolean | undefined {
  if (/^(yes|true|on|1)$/i.test(text)) return true
  return /^(no|false|off|0)$/i.test(text) ? false : undefined
}

function parseNumber(isValid: (value: number) => boolean): (text: string) => number | undefined {
  return (text) => (/^\d{1,6}$/.test(text) && isValid(Number(text)) ? Number(text) : undefined)
}

function parseGateways(text: string): StanzaOptions['gateway'] {
  const gateways: Partial<Record<Family, string>> = {}
  for (const address of text.split(/\s+/)) {
    const family = familyOf(address)
    if (family === null || !isGateway(address, family) || gateways[family] !== undefined) return undefined
    gateways[family] = address
  }
  return gateways
}

/**
 * The options of two stanzas of one interface. It may have one for inet and one for inet6; hooks run once for each,
 * with that stanza's options.
 */
export function mergeStanzas(earlier: StanzaOptions, later: StanzaOptions): StanzaOptions {
  const servers = nameServers([...(earlier.nameServers ?? []), ...(later.nameServers ?? [])])
  return {
    ...earlier,
    ...later,
    ...((earlier.gateway || later.gateway) && { gateway: { ...earlier.gateway, ...later.gateway } }),
    ...((earlier.mainGateway || later.mainGateway) && {
      mainGateway: { ...earlier.mainGateway, ...later.mainGateway },
    }),
    ...(servers.length > 0 && { nameServers: servers }),
  }
}
