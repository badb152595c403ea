/** What the DHCP clients' hooks say: dhclient-script(8) and dhcpcd-run-hooks(8), which use the same variables. */
import type { Gateways, Lease } from '../model.ts'
import { familyOf, isGateway } from '../valid.ts'
import { readClasslessDefault } from './classless-routes.ts'
import type { Environment, HookEvent } from './event.ts'
import { quoted } from './quoted.ts'

type Client = 'dhclient' | 'dhcpcd'
type Reading = Omit<HookEvent, 'interface'>

/** What each reason of either client means for the lease; IPv6's and those that are not here change nothing in it. */
const reasons = {
  leased: ['BOUND', 'RENEW', 'REBIND', 'REBOOT', 'TIMEOUT', 'INFORM', 'STATIC'],
  lost: ['EXPIRE', 'FAIL', 'RELEASE', 'STOP', 'NAK', 'DEPARTED'],
  ignored: ['', 'PREINIT', 'PREINIT6', 'MEDIUM', 'ARPCHECK', 'ARPSEND', 'CARRIER', 'TEST'],
} as const

const classlessVariables = {
  dhclient: 'new_rfc3442_classless_static_routes',
  dhcpcd: 'new_classless_static_routes',
} as const

export function readDhcpEvent(client: Client, device: string, env: Environment): Reading {
  const reason = env['reason'] ?? ''
  const is = (list: readonly string[]) => list.includes(reason)
  if (is(reasons.ignored)) return { fact: { kind: 'none' }, reconcile: false, complaints: [] }
  if (is(reasons.lost)) return { fact: { kind: 'lease', lease: null }, reconcile: true, complaints: [] }
  if (is(reasons.leased)) return readLease(client, device, env)
  return { fact: { kind: 'none' }, reconcile: true, complaints: [] }
}

function readLease(client: Client, device: string, env: Environment): Reading {
  const address = env['new_ip_address'] ?? ''
  if (familyOf(address) !== 'inet') {
    const complaint = `${client} hook, ${device}: new_ip_address ${quoted(address)} is no address: lease ignored`
    return { fact: { kind: 'none' }, reconcile: true, complaints: [complaint] }
  }
  const { gateway, complaints } = readGateway(client, device, env)
  const nameServers = readNameServers(env)
  const lease: Lease = { source: client, address, gateway, ...(nameServers.length > 0 ? { nameServers } : {}) }
  return { fact: { kind: 'lease', lease }, reconcile: true, complaints }
}

/** Only ever used for what they are; a wrong one is no loss. */
function readNameServers(env: Environment): readonly string[] {
  const words = (env['new_domain_name_servers'] ?? '').trim().split(/\s+/)
  return words.filter((word) => isGateway(word, 'inet')).slice(0, 8)
}

interface GatewayReading {
  readonly gateway: Gateways
  readonly complaints: readonly string[]
}

/** A server that sends classless routes means them instead of its routers option (RFC 3442, page 5). */
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
