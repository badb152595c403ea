/**
 * dhclient.leases(5) -> the lease in force. It matters when we are installed after a link came up: under ifupdown on
 * Debian 12 nothing else knows the second uplink's gateway, as main has room for one default route only. Nor does
 * anything else know delegated prefixes.
 */

import type { Lease } from '../model/facts.ts'
import { routedPrefixes } from '../net/ipv6-prefix.ts'
import { familyOf, isGateway, isInterfaceName, nameServers } from '../net/valid.ts'

/**
 * The lease of an interface's own file, which is its last block; null where that is another interface's, has expired,
 * or names no router.
 */
export function parseDhclientLeases(text: string, device: string, now: Date): Lease | null {
  const block = blocksOf(text).at(-1)
  return block === undefined ? null : parseBlock(block, device, now)
}

/**
 * By interface, the leases of the file that all interfaces share, which dhclient writes without `-lf`. The last block
 * of each counts.
 */
export function parseSharedLeases(text: string, now: Date): Readonly<Record<string, Lease>> {
  const last = new Map(blocksOf(text).map((block) => [value(block, 'interface')?.replaceAll('"', '') ?? '', block]))
  return Object.fromEntries(
    [...last].flatMap(([device, block]) => {
      const lease = isInterfaceName(device) ? parseBlock(block, device, now) : null
      return lease ? [[device, lease]] : []
    }),
  )
}

function blocksOf(text: string): readonly string[] {
  return [...text.matchAll(/^lease \{\n([\s\S]*?)^\}/gm)].flatMap(([, block]) => block ?? [])
}

function parseBlock(block: string, device: string, now: Date): Lease | null {
  if (value(block, 'interface') !== `"${device}"`) return null
  const expires = expiry(value(block, 'expire'))
  if (expires === null || expires <= now) return null
  const address = value(block, 'fixed-address')
  const router = value(block, 'option routers')?.split(',')[0]?.trim()
  if (address === null || !familyOf(address) || router === undefined || !isGateway(router, 'inet')) return null
  const servers = (value(block, 'option domain-name-servers') ?? '').split(',').map((server) => server.trim())
  const valid = nameServers(servers)
  return {
    ...{ source: 'dhclient.leases', address, gateway: { inet: router } },
    ...(valid.length > 0 ? { nameServers: valid } : {}),
  }
}

/**
 * IPv6 prefixes of the last block that are still delegated; null where there are none, or the block is another
 * interface's.
 */
export function parseDhclientPrefixes(text: string, device: string, now: Date): readonly string[] | null {
  const block = [...text.matchAll(/^lease6 \{\n([\s\S]*?)^\}/gm)].at(-1)?.[1]
  if (block === undefined || value(block, 'interface') !== `"${device}"` || /^\s*released;/m.test(block)) return null
  const prefixes = [...block.matchAll(/^\s*iaprefix (\S+) \{([^}]*)\}/gm)].flatMap(([, prefix, lifetimes = '']) => {
    const [starts, life] = [Number(value(lifetimes, 'starts') ?? 0), Number(value(lifetimes, 'max-life') ?? 0)]
    return (starts + life) * 1000 > now.getTime() ? [prefix] : []
  })
  const routed = routedPrefixes(prefixes)
  return routed.length > 0 ? routed : null
}

function value(block: string, key: string): string | null {
  return new RegExp(`^\\s*${key} ([^;\\n]*);`, 'm').exec(block)?.[1] ?? null
}

/**
 * The time from `2 2026/11/24 01:05:30` (weekday first, UTC), `epoch 1790000000`, or `never`; null for anything else.
 */
function expiry(text: string | null): Date | null {
  if (text === 'never') return new Date(8.64e15)
  const epoch = /^epoch (\d+)/.exec(text ?? '')?.[1]
  if (epoch !== undefined) return new Date(Number(epoch) * 1000)
  const [, date, time] = /^\d (\d{4}\/\d\d\/\d\d) (\d\d:\d\d:\d\d)$/.exec(text ?? '') ?? []
  return date === undefined ? null : new Date(`${date.replaceAll('/', '-')}T${time}Z`)
}
