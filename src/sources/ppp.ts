/** What pppd's hooks say (pppd(8), SCRIPTS). Pure. */
import { familyOf } from '../net/valid.ts'
import type { Environment } from './hook-event.ts'
import { quoted } from './quoted.ts'
import type { Reading } from './source.ts'

/**
 * Reads an event of pppd. A link for which pppd was asked for a default route is an uplink, and needs no gateway: where
 * there is a default route already, pppd logs "not replacing existing default route" and makes none, so a second PPP
 * link would never be used. Other links, such as those of callers on a VPN server, are no uplinks. IPv6 has its routes
 * in the kernel.
 */
export function readPppEvent(device: string, env: Environment): Reading {
  const look: Reading = { fact: { kind: 'none' }, reconcile: true, complaints: [] }
  if (env['PPP_PHASE'] === 'ip-down.d') return { ...look, fact: { kind: 'lease', lease: null } }
  if (env['PPP_PHASE'] !== 'ip-up.d') return look
  if (env['PPP_DEFAULTROUTE'] !== 'yes') return { ...look, fact: { kind: 'lease', lease: null } }
  const address = env['PPP_LOCAL'] ?? ''
  if (familyOf(address) !== 'inet')
    return { ...look, complaints: [`ppp hook, ${device}: ${quoted(address)} is no address: ignored`] }
  return { ...look, fact: { kind: 'lease', lease: { source: 'pppd', address, gateway: { inet: null } } } }
}
