/** Existing connections, and what keeps each where it is. */
import { eachEntry, isEntry, markOf } from '../kernel/conntrack/entry.ts'
import { marks, numberOf } from '../layout.ts'
import type { Config } from '../model/config.ts'
import type { Uplink } from '../model/uplink.ts'
import type { Question } from './question.ts'

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
  await eachEntry(family, words, (line) => {
    if (kept.length < most && isEntry(line)) kept.push({ entry: line.trim(), because: reasonOf(line) })
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
