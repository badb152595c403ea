/** What pppd's hooks say: pppd(8), SCRIPTS. */
import { familyOf } from '../net/valid.ts'
import type { Environment } from './hook-event.ts'
import { quoted } from './quoted.ts'
import type { Reading } from './source.ts'

/**
 * A link for which pppd was asked for a default route is an uplink, and needs no gateway. Where there is a default route
 * already, pppd logs "not replacing existing default route" and makes none: the second line would be idle for ever.
 * Other links, such as those of callers on a VPN server, are none. IPv6 has its routes in the kernel.
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
