/** What pppd's hooks say (pppd(8), SCRIPTS). Pure. */
import { familyOf, isInterfaceName, nameServers } from '../net/valid.ts'
import type { Environment } from './hook-event.ts'
import { quoted } from './quoted.ts'
import type { Reading } from './source.ts'

/**
 * Reads an event of pppd. A link for which pppd was asked for a default route is an uplink, and needs no gateway: where
 * there is a default route already, pppd logs "not replacing existing default route" and makes none, so a second PPP
 * link would never be used. Of other links, such as those of callers on a VPN server, and lines whose default route
 * NetworkManager or a script makes, it is kept what they hang on and which line they are. IPv6 has its routes in the kernel.
 *
 * The end of a link ends what was said of its address alone: another pppd may have the interface already, as scripts
 * take their time.
 */
export function readPppEvent(device: string, env: Environment): Reading {
  const look: Reading = { fact: { kind: 'none' }, reconcile: true, complaints: [] }
  const address = env['PPP_LOCAL'] ?? ''
  const isAddress = familyOf(address) === 'inet'
  if (env['PPP_PHASE'] === 'ip-down.d')
    return { ...look, fact: { kind: 'lease', lease: null, ...(isAddress && { of: address }) } }
  if (env['PPP_PHASE'] !== 'ip-up.d') return look
  if (!isAddress) return { ...look, complaints: [`ppp hook, ${device}: ${quoted(address)} is no address: ignored`] }
  // Where pppd was told `usepeerdns`.
  const servers = nameServers([env['DNS1'] ?? '', env['DNS2'] ?? ''])
  const below = env['DEVICE'] ?? env['PPP_TTY'] ?? ''
  const line = env['PPP_LINE']
  const lease = {
    source: 'pppd',
    address,
    gateway: env['PPP_DEFAULTROUTE'] === 'yes' ? { inet: null } : {},
    ...(servers.length > 0 && { nameServers: servers }),
    ...(isInterfaceName(below) && { below }),
    ...(line !== undefined && { line }),
  }
  return { ...look, fact: { kind: 'lease', lease } }
}
