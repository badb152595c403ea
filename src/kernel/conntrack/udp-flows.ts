/** UDP connections of the kernel's table. */
import { programs } from '../../layout.ts'
import type { UdpFlow } from '../../model/tunnel.ts'
import type { Family } from '../../net/family.ts'
import { run } from '../../os/run.ts'
import { hex } from '../../values/hex.ts'
import { eachEntry, familyWords, markOf } from './entry.ts'

/** How many connections of a mark are listed at most. */
const most = 1000

/** Those that have one of these ports at either end. Throws where conntrack(8) fails. */
export async function readUdpFlows(family: Family, ports: ReadonlySet<number>): Promise<readonly UdpFlow[]> {
  const flows: UdpFlow[] = []
  await eachEntry(family, ['--proto', 'udp'], (line) => {
    const flow = parseUdpFlow(line)
    if (flow && (ports.has(flow.sourcePort) || ports.has(flow.destinationPort))) flows.push(flow)
  })
  return flows
}

/**
 * Those with such a mark that a program here has begun, and that were answered; `lasting` ones, which come first, have gone on
 * for two seconds (nf_conntrack_udp_packet() of Linux calls them assured). Throws where conntrack(8) fails.
 */
export async function readOwnFlows(
  family: Family,
  { mark, mask }: { readonly mark: number; readonly mask: number },
  isHere: (address: string) => boolean,
  which: 'all' | 'lasting' = 'all',
): Promise<readonly UdpFlow[]> {
  const [lasting, brief]: readonly [UdpFlow[], UdpFlow[]] = [[], []]
  await eachEntry(family, ['--proto', 'udp', '--mark', `${hex(mark)}/${hex(mask)}`], (line) => {
    const flows = line.includes(' [ASSURED] ') ? lasting : brief
    if (flows.length >= most || line.includes(' [UNREPLIED] ') || (which === 'lasting' && flows === brief)) return
    const flow = parseUdpFlow(line)
    if (flow && isHere(flow.source)) flows.push(flow)
  })
  return [...lasting, ...brief].slice(0, most)
}

/** Both directions of a text line of conntrack(8). */
export function parseUdpFlow(line: string): UdpFlow | null {
  const found = /^udp .*?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) .*?src=\S+ dst=(\S+) /.exec(line)
  if (!found) return null
  const [, source = '', destination = '', sourcePort, destinationPort, answeredAt = ''] = found
  return {
    ...{ source, destination, sourcePort: Number(sourcePort), destinationPort: Number(destinationPort), answeredAt },
    mark: markOf(line),
    isAnswered: !line.includes(' [UNREPLIED] '),
  }
}

/** Deletes it from the table. Throws where conntrack(8) cannot be run. */
export async function deleteUdpFlow(family: Family, flow: UdpFlow): Promise<void> {
  const tuple = ['--src', flow.source, '--dst', flow.destination]
  const ports = ['--sport', String(flow.sourcePort), '--dport', String(flow.destinationPort)]
  const words = ['--delete', ...familyWords(family), '--proto', 'udp', ...tuple, ...ports]
  await run(programs.conntrack, words, { accept: [0, 1] })
}
