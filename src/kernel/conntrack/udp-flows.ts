/** UDP connections of the kernel's table. */
import type { UdpFlow } from '../../model/tunnel.ts'
import type { Family } from '../../net/family.ts'
import { eachEntry, markOf } from './entry.ts'

/** Those that have one of these ports at either end. Throws where conntrack(8) fails. */
export async function readUdpFlows(family: Family, ports: ReadonlySet<number>): Promise<readonly UdpFlow[]> {
  const flows: UdpFlow[] = []
  await eachEntry(family, ['--proto', 'udp'], (line) => {
    const flow = parseUdpFlow(line)
    if (flow && (ports.has(flow.sourcePort) || ports.has(flow.destinationPort))) flows.push(flow)
  })
  return flows
}

/** The original direction of a text line of conntrack(8). */
export function parseUdpFlow(line: string): UdpFlow | null {
  const found = /^udp .*?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) /.exec(line)
  if (!found) return null
  const [, source = '', destination = '', sourcePort, destinationPort] = found
  return {
    ...{ source, destination, sourcePort: Number(sourcePort), destinationPort: Number(destinationPort) },
    mark: markOf(line),
    isAnswered: !line.includes(' [UNREPLIED] '),
  }
}
