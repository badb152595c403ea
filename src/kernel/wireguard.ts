/** WireGuard's peers: what wg(8) lists, and what it is told. No key but peers' public ones is asked for. */
import { existsSync } from 'node:fs'
import { optionalPrograms } from '../layout.ts'
import type { TunnelPeer } from '../model/tunnel.ts'
import { familyOf } from '../net/valid.ts'
import { run } from '../os/run.ts'

/** More peers than this are a hub's, which others connect to. */
const mostPeers = 1000

/** Peers with an endpoint, of all interfaces; none where wg(8) is not installed. Throws where it fails. */
export async function readPeers(): Promise<readonly TunnelPeer[]> {
  if (!existsSync(optionalPrograms.wg)) return []
  const [ports, marks, endpoints] = await Promise.all(
    (['listen-port', 'fwmark', 'endpoints'] as const).map((what) => run(optionalPrograms.wg, ['show', 'all', what])),
  )
  return parsePeers(ports?.stdout ?? '', marks?.stdout ?? '', endpoints?.stdout ?? '')
}

export function parsePeers(listenPorts: string, fwmarks: string, endpoints: string): readonly TunnelPeer[] {
  const ports = new Map(rowsOf(listenPorts).map(([device = '', port]) => [device, Number(port)]))
  // `off`, or `0xca6c`.
  const marks = new Map(rowsOf(fwmarks).map(([device = '', mark]) => [device, Number(mark) || 0]))
  let device = ''
  return rowsOf(endpoints)
    .flatMap((row): readonly TunnelPeer[] => {
      // wg(8) names the interface before its first peer alone, and before the next interface where it has none.
      const [key = '', endpoint = ''] = row.slice(-2)
      device = row.at(-3) ?? device
      const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(endpoint) ?? []
      const address = bracketed ?? plain ?? ''
      const [family, listenPort] = [familyOf(address), ports.get(device)]
      if (family === null || !listenPort || !/^[A-Za-z0-9+/]{43}=$/.test(key)) return []
      return [{ device, key, endpoint, family, address, port: Number(port), listenPort, mark: marks.get(device) ?? 0 }]
    })
    .slice(0, mostPeers)
}

function rowsOf(listing: string): readonly (readonly string[])[] {
  return listing
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
}

/** Has WireGuard forget the source address that it keeps, so that the next packet is routed anew. Throws where wg(8) fails. */
export async function routeAnew({ device, key, endpoint }: TunnelPeer): Promise<void> {
  await run(optionalPrograms.wg, ['set', device, 'peer', key, 'endpoint', endpoint])
}
