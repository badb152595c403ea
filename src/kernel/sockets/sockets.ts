/**
 * Sockets of this host that have an uplink's address, and do not leave by it all the same: their peer is on a LAN,
 * behind a VPN or on this host, or another's policy rule leads elsewhere. The kernel is asked, as nobody else knows all
 * of that.
 */
import { programs } from '../../layout.ts'
import type { Family } from '../../net/family.ts'
import { familyOf } from '../../net/valid.ts'
import { run } from '../../os/run.ts'
import { stringOf } from '../../values/checked.ts'
import { parseNexthops } from '../iproute/route.ts'
import { parseRoutesGot } from '../iproute/route-get.ts'

/** How many peers are asked for at most, one by one. */
const most = 10_000

/**
 * Peers of sockets with this address whose packets leave by another device. Throws where ss(8) or ip(8) cannot be run.
 */
export async function peersElsewhere(address: string, device: string): Promise<readonly string[]> {
  const family = familyOf(address)
  if (family === null) return []
  const { stdout } = await run(programs.ss, [...listing, 'src', bracketed(address)], { maxOutput })
  const peers = [...new Set(stdout.split('\n').flatMap(peerOf))].slice(0, most)
  return peers.length === 0 ? [] : await waysElsewhere(peers, address, device, family)
}

const listing = ['--no-header', '--numeric', '--tcp', '--udp', 'state', 'connected'] as const
const maxOutput = 64 * 1024 * 1024

/** An address as ss(8) wants it: without brackets, it takes what follows the last colon for a port. */
export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** The peer's address of a text line of ss(8), such as `tcp ESTAB 0 0 10.1.0.2:4711 192.0.2.7:443`. */
export function peerOf(line: string): readonly string[] {
  const peer = line.trim().split(/\s+/)[5] ?? ''
  const address = peer.slice(0, peer.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  return familyOf(address) === null ? [] : [address]
}

/**
 * The peers that the kernel leads by another device. An unreachable one is refused on standard error alone, and so left
 * out.
 */
async function waysElsewhere(
  peers: readonly string[],
  address: string,
  device: string,
  family: Family,
): Promise<readonly string[]> {
  const input = peers.map((peer) => `route get ${peer} from ${address}\n`).join('')
  const flags = [family === 'inet' ? '-4' : '-6', '-json', '-force', '-batch', '-']
  const { stdout } = await run(programs.ip, flags, { input, accept: [0, 1, 2], maxOutput })
  return parseRoutesGot(stdout).flatMap((route) => {
    const peer = stringOf(route['dst'])
    const isElsewhere = parseNexthops(route).some((hop) => hop.device !== '' && hop.device !== device)
    return isElsewhere && peers.includes(peer) ? [peer] : []
  })
}
