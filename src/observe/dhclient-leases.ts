/**
 * dhclient.leases(5) -> the lease in force. Under ifupdown on Debian 12 the second uplink's gateway stands nowhere else
 * when we are installed after the link came up: main has room for one default route only.
 */
import type { Lease } from '../model.ts'
import { familyOf, isGateway, nameServers } from '../valid.ts'

/** The last block counts; null where it is another interface's, has expired, or names no router. */
export function parseDhclientLeases(text: string, device: string, now: Date): Lease | null {
  const block = [...text.matchAll(/^lease \{\n([\s\S]*?)^\}/gm)].at(-1)?.[1]
  if (block === undefined || value(block, 'interface') !== `"${device}"`) return null
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

function value(block: string, key: string): string | null {
  return new RegExp(`^\\s*${key} ([^;\\n]*);`, 'm').exec(block)?.[1] ?? null
}

/** `2 2026/11/24 01:05:30` in UTC (weekday first), `epoch 1790000000`, or `never`. */
function expiry(text: string | null): Date | null {
  if (text === 'never') return new Date(8.64e15)
  const epoch = /^epoch (\d+)/.exec(text ?? '')?.[1]
  if (epoch !== undefined) return new Date(Number(epoch) * 1000)
  const [, date, time] = /^\d (\d{4}\/\d\d\/\d\d) (\d\d:\d\d:\d\d)$/.exec(text ?? '') ?? []
  return date === undefined ? null : new Date(`${date.replaceAll('/', '-')}T${time}Z`)
}
