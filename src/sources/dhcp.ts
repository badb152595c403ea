/** What the DHCP clients' hooks say: dhclient-script(8) and dhcpcd-run-hooks(8), which use the same variables. Pure. */
import type { Gateways, Lease } from '../model/facts.ts'
import { familyOf, isGateway, nameServers } from '../net/valid.ts'
import { readClasslessDefault } from './classless-routes.ts'
import { readDelegation } from './delegation.ts'
import type { Environment } from './hook-event.ts'
import { quoted } from './quoted.ts'
import type { Reading } from './source.ts'

type Client = 'dhclient' | 'dhcpcd'

/** What each reason of either client means for the lease. Reasons that are not listed change nothing in it. */
const reasons = {
  leased: ['BOUND', 'RENEW', 'REBIND', 'REBOOT', 'TIMEOUT', 'INFORM', 'STATIC'],
  lost: ['EXPIRE', 'FAIL', 'RELEASE', 'STOP', 'NAK', 'DEPARTED'],
  leased6: ['BOUND6', 'RENEW6', 'REBIND6', 'REBOOT6', 'INFORM6'],
  lost6: ['EXPIRE6', 'RELEASE6', 'STOP6'],
  advertised: ['ROUTERADVERT'],
  ignored: ['', 'PREINIT', 'PREINIT6', 'MEDIUM', 'ARPCHECK', 'ARPSEND', 'CARRIER', 'TEST'],
} as const

const classlessVariables = {
  dhclient: 'new_rfc3442_classless_static_routes',
  dhcpcd: 'new_classless_static_routes',
} as const

/** Reads an event of either client; `device` is a checked name. Never throws. */
export function readDhcpEvent(client: Client, device: string, env: Environment): Reading {
  const reason = env['reason'] ?? ''
  const delegation = readDelegation(client, reason, env)
  return { ...readFact(client, device, reason, env), ...(delegation && { delegation }) }
}

function readFact(client: Client, device: string, reason: string, env: Environment): Reading {
  const is = (list: readonly string[]) => list.includes(reason)
  if (is(reasons.ignored)) return { fact: { kind: 'none' }, reconcile: false, complaints: [] }
  if (is(reasons.lost)) return { fact: { kind: 'lease', lease: null }, reconcile: true, complaints: [] }
  if (is(reasons.leased)) return readLease(client, device, env)
  if (is(reasons.leased6)) return heard('dhcp6', wordsOf(env['new_dhcp6_name_servers']))
  if (is(reasons.lost6)) return heard('dhcp6', [])
  if (is(reasons.advertised)) return heard('advertised', advertisedServers(env))
  return { fact: { kind: 'none' }, reconcile: true, complaints: [] }
}

function heard(from: 'dhcp6' | 'advertised', words: readonly string[]): Reading {
  return { fact: { kind: 'name-servers', from, servers: nameServers(words) }, reconcile: true, complaints: [] }
}

/**
 * Name servers from dhcpcd's variables, one for each option of each router (`nd1_rdnss1_servers`). A lifetime of 0
 * takes servers back (RFC 8106).
 */
function advertisedServers(env: Environment): readonly string[] {
  return Object.keys(env)
    .filter((name) => /^nd\d+_rdnss\d+_servers$/.test(name) && env[name.replace('_servers', '_lifetime')] !== '0')
    .toSorted()
    .flatMap((name) => wordsOf(env[name]))
}

function wordsOf(text: string | undefined): readonly string[] {
  return (text ?? '').trim().split(/\s+/)
}

function readLease(client: Client, device: string, env: Environment): Reading {
  const address = env['new_ip_address'] ?? ''
  if (familyOf(address) !== 'inet') {
    const complaint = `${client} hook, ${device}: new_ip_address ${quoted(address)} is no address: lease ignored`
    return { fact: { kind: 'none' }, reconcile: true, complaints: [complaint] }
  }
  // dhcpcd was told `nogateway`: in all other cases it has made a default route.
  const isUnwanted = client === 'dhcpcd' && env['DEFAULT_ROUTE'] === 'no'
  const { gateway, complaints } = isUnwanted ? { gateway: {}, complaints: [] } : readGateway(client, device, env)
  const servers = nameServers(wordsOf(env['new_domain_name_servers']))
  const lease: Lease = { source: client, address, gateway, ...(servers.length > 0 ? { nameServers: servers } : {}) }
  return { fact: { kind: 'lease', lease }, reconcile: true, complaints }
}

interface GatewayReading {
  readonly gateway: Gateways
  readonly complaints: readonly string[]
}

/**
 * The gateway of a lease. A server that sends classless routes means them instead of its routers option (RFC 3442, page
 * 5).
 */
function readGateway(client: Client, device: string, env: Environment): GatewayReading {
  const complaints: string[] = []
  const variable = classlessVariables[client]
  const classless = env[variable]?.trim() ?? ''
  if (classless !== '') {
    const found = readClasslessDefault(classless)
    if (found.ok) return { gateway: found.gateway === null ? {} : { inet: found.gateway }, complaints }
    complaints.push(`${client} hook, ${device}: ${variable} ${quoted(classless)} makes no sense: ignored`)
  }
  const routers = env['new_routers']?.trim() ?? ''
  const list = routers.split(/\s+/).filter((word) => word !== '')
  const first = list.find((router) => isGateway(router, 'inet'))
  if (list.some((router) => !isGateway(router, 'inet'))) {
    const rest = first === undefined ? 'ignored' : `using ${first}`
    complaints.push(`${client} hook, ${device}: new_routers ${quoted(routers)} is no list of addresses: ${rest}`)
  }
  return { gateway: first === undefined ? {} : { inet: first }, complaints }
}
