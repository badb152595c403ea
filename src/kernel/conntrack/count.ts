/** The kernel's connection table, counted by uplink: only sums are kept, however many connections there are. */

import type { Layout } from '../../layout.ts'
import { marks } from '../../layout.ts'
import type { Family } from '../../net/family.ts'
import { eachEntry, isEntry, markOf, numberAfter } from './entry.ts'

export interface Sum {
  /** That left by the uplink, and that came in by it. */
  out: number
  in: number
  /** Of how many of them the kernel counts bytes, and how many went out by the uplink and came in by it. */
  counted: number
  sent: number
  received: number
}

export interface Counted {
  /** By the number of an uplink; only those that have any. */
  readonly uplinks: ReadonlyMap<number, Sum>
  /** That neither left nor came in by an uplink: within the host, its LANs and tunnels. */
  others: number
}

/** Throws where conntrack(8) fails, as for others than root. */
export async function countConnections(family: Family, numbers: Layout): Promise<Counted> {
  const counter = createCounter(numbers)
  await eachEntry(family, ['--output', 'extended'], counter.add)
  return counter.counted
}

const bytes = ' bytes='

/** Takes lines of `conntrack -L`; others, of whatever kind, count nothing. */
export function createCounter(numbers: Layout): { readonly add: (line: string) => void; readonly counted: Counted } {
  const { numberMask, pinned, incoming } = marks(numbers)
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
    const sum = sumOf((mark & numberMask) >>> numbers.markShift)
    sum[cameIn ? 'in' : 'out'] += 1
    // Once for each direction, the original one first.
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
