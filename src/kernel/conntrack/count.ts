/** The kernel's connection table, counted by uplink. Only sums are kept, however many connections there are. */

import type { Layout } from '../../layout.ts'
import { marks, numberOf } from '../../layout.ts'
import type { Family } from '../../net/family.ts'
import { eachEntry, isEntry, markOf, numberAfter } from './entry.ts'

export interface Sum {
  /** How many connections left by the uplink, and how many came in by it. */
  out: number
  in: number
  /**
   * How many connections the kernel counts bytes of (net.netfilter.nf_conntrack_acct), and the bytes that they sent and
   * received by the uplink.
   */
  counted: number
  sent: number
  received: number
}

export interface Counted {
  /** Sums by the number of an uplink; only uplinks that have connections. */
  readonly uplinks: ReadonlyMap<number, Sum>
  /** How many connections neither left nor came in by an uplink: within the host, its LANs and tunnels. */
  others: number
}

/** Counts the connections of a family. Throws where conntrack(8) fails, as it does for others than root. */
export async function countConnections(family: Family, layout: Layout): Promise<Counted> {
  const counter = createCounter(layout)
  await eachEntry(family, ['--output', 'extended'], counter.add)
  return counter.counted
}

const bytes = ' bytes='

/**
 * Returns what takes text lines of `conntrack -L`, and the sums so far. Text lines that are no entries count nothing.
 */
export function createCounter(layout: Layout): { readonly add: (line: string) => void; readonly counted: Counted } {
  const { pinned, incoming } = marks(layout)
  const uplinks = new Map<number, Sum>()
  const counted: Counted = { uplinks, others: 0 }

  function add(line: string): void {
    if (!isEntry(line)) return
    const mark = markOf(line)
    const cameIn = (mark & incoming) !== 0
    if (!cameIn && (mark & pinned) === 0) {
      counted.others += 1
      return
    }
    const sum = sumOf(numberOf(mark, layout))
    sum[cameIn ? 'in' : 'out'] += 1
    // conntrack(8) prints `bytes=` for each direction, the original one first.
    const original = line.indexOf(bytes)
    if (original === -1) return
    const reply = line.indexOf(bytes, original + 1)
    sum.counted += 1
    sum[cameIn ? 'received' : 'sent'] += numberAfter(line, bytes, original)
    sum[cameIn ? 'sent' : 'received'] += numberAfter(line, bytes, reply)
  }

  function sumOf(number: number): Sum {
    const known = uplinks.get(number)
    if (known) return known
    const sum = { out: 0, in: 0, counted: 0, sent: 0, received: 0 }
    uplinks.set(number, sum)
    return sum
  }

  return { add, counted }
}
