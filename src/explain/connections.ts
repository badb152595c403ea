/** Existing connections, and what keeps each where it is. */
import { eachEntry, isEntry, markOf } from '../kernel/conntrack/entry.ts'
import { readSubflows } from '../kernel/sockets/subflows.ts'
import { marks, numberOf } from '../layout.ts'
import type { Config } from '../model/config.ts'
import type { Uplink } from '../model/uplink.ts'
import { hostPort } from '../net/target.ts'
import { type MptcpConnection, type MptcpSubflow, mptcpConnections, subflowsText } from '../status/mptcp.ts'
import type { Question } from './question.ts'

/** Which others carry the same MPTCP connection of this host; '' for what is none. */
function subflowsOf(entry: string, connections: readonly MptcpConnection[]): string {
  const [, source, , port] = / src=(\S+) dst=(\S+) sport=(\d+) /.exec(entry) ?? []
  const isThis = ({ address, port: own }: MptcpSubflow) => address === source && own === Number(port)
  const found = connections.find((connection) => connection.subflows.some(isThis))
  if (!found) return ''
  const parts = subflowsText(found.subflows, hostPort)
  return `; ${found.subflows.length === 1 ? 'the only subflow' : `one of ${found.subflows.length} subflows`} of an MPTCP connection: ${parts}`
}

export interface Kept {
  /** A text line of conntrack(8), without the name of the family. */
  readonly entry: string
  readonly because: string
}

/** How many connections are shown. */
const most = 20

/** Connections that fit the question; a port or source that it does not name fits all. */
export async function keptConnections(
  { family, destination, protocol, port, sourcePort, from }: Question,
  { layout }: Config,
  uplinks: readonly Uplink[],
): Promise<readonly Kept[]> {
  const kept: Kept[] = []
  const name = protocol === 'icmp' && family === 'inet6' ? 'icmpv6' : protocol
  const words = [
    ...['--proto', name, '--orig-dst', destination],
    ...(from === null ? [] : ['--orig-src', from]),
    ...(port > 0 ? ['--orig-port-dst', String(port)] : []),
    ...(sourcePort ? ['--orig-port-src', String(sourcePort)] : []),
  ]
  const subflows = protocol === 'tcp' ? mptcpConnections(uplinks, await readSubflows()) : []
  await eachEntry(family, words, (line) => {
    if (kept.length < most && isEntry(line))
      kept.push({ entry: line.trim(), because: reasonOf(line) + subflowsOf(line, subflows) })
  })
  return kept

  function reasonOf(line: string): string {
    const { pinned, incoming } = marks(layout)
    const mark = markOf(line)
    const number = numberOf(mark, layout)
    const uplink = uplinks.find((one) => one.number === number)
    const title = uplink ? `uplink ${uplink.name}` : `an uplink that is no longer known (${number})`
    if ((mark & incoming) !== 0) return `came in by ${title}: its answers leave by it`
    if ((mark & pinned) !== 0) return `left by ${title}: it stays there for as long as that works`
    return 'has left by no uplink: others decide, or it stays on this host'
  }
}
