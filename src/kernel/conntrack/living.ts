/** Connections of one uplink that somebody still uses, in the kernel's connection table. */
import { type Layout, marks, numberOf } from '../../layout.ts'
import { eachEntry, isEntry, markOf } from './entry.ts'

/**
 * Counts an uplink's connections of both families. Echo requests, and UDP that was not answered again after its first
 * answer (a question for a name), are over before anyone waits for them, and are what probes are. Of TCP, those count
 * that have not ended on both sides. Throws where conntrack(8) fails, as it does for others than root.
 */
export async function countLiving(number: number, layout: Layout): Promise<number> {
  const isOfUplink = isLivingOf(number, layout)
  let count = 0
  for (const family of ['inet', 'inet6'] as const)
    await eachEntry(family, ['--output', 'extended'], (line) => {
      if (isOfUplink(line)) count += 1
    })
  return count
}

const ended = /\b(TIME_WAIT|CLOSE|LAST_ACK)\b/

/** Whether a text line of `conntrack -L -o extended` is a connection of the uplink that counts. */
export function isLivingOf(number: number, layout: Layout): (line: string) => boolean {
  const { pinned, incoming } = marks(layout)
  return (line) => {
    if (!isEntry(line)) return false
    const mark = markOf(line)
    if (numberOf(mark, layout) !== number || (mark & (pinned | incoming)) === 0) return false
    const [, , protocol = ''] = line.split(/\s+/, 3)
    if (protocol.startsWith('icmp')) return false
    if (protocol === 'udp') return line.includes('[ASSURED]')
    return !ended.test(line)
  }
}
