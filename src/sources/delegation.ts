/** IPv6 prefixes that DHCPv6 clients were given for the networks behind this host (RFC 8415, 6.3). */
import { routedPrefix, routedPrefixes } from '../net/ipv6-prefix.ts'
import type { Delegation, Environment } from './hook-event.ts'

const reasons = {
  bound: ['BOUND6', 'RENEW6', 'REBIND6', 'REBOOT6', 'INFORM6'],
  lost: ['EXPIRE6', 'RELEASE6', 'STOP6', 'STOPPED'],
} as const

/** What a hook says of delegated prefixes; null for nothing. */
export function readDelegation(client: 'dhclient' | 'dhcpcd', reason: string, env: Environment): Delegation | null {
  const is = (list: readonly string[]) => list.includes(reason)
  const lost = is(reasons.lost)
  if (!lost && !is(reasons.bound)) return null
  return client === 'dhcpcd' ? readDhcpcd(lost, env) : readDhclient(reason, lost, env)
}

/** dhcpcd tells all prefixes that it has each time: prefix M of association N in variables of its own. */
function readDhcpcd(lost: boolean, env: Environment): Delegation {
  const there = Object.keys(env).flatMap((name) =>
    /^new_dhcp6_ia_pd\d{1,3}_prefix\d{1,3}$/.test(name) && env[`${name}_vltime`] !== '0'
      ? [`${env[name]}/${env[`${name}_length`]}`]
      : [],
  )
  return { gone: 'all', there: lost ? [] : routedPrefixes(there) }
}

/**
 * dhclient calls its hook once for each address and each prefix. After the calls for a new lease, none of the former
 * holds.
 */
function readDhclient(reason: string, lost: boolean, env: Environment): Delegation | null {
  const there = routedPrefix(env['new_ip6_prefix'])
  const former = routedPrefix(env['old_ip6_prefix'])
  if (lost) return former === null ? null : { gone: [former], there: [] }
  if (there === null) return null
  const gone = reason === 'BOUND6' ? 'all' : former === null || former === there ? [] : [former]
  return { gone, there: [there] }
}
