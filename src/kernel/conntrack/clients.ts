/** Who has connections by uplinks. Only sums are kept, and of so many clients at most. Pure. */
import type { Layout } from '../../layout.ts'
import { marks, numberOf } from '../../layout.ts'
import { isEntry, markOf } from './entry.ts'

export interface Client {
  /** Where its connections come from: a host of the LAN, or an address of this one. */
  readonly source: string
  /** How many left by an uplink, by its number. */
  readonly by: ReadonlyMap<number, number>
  readonly connections: number
}

/** A flood with made-up sources must not fill the memory; those that came first are counted. */
const most = 20_000

/** Returns what takes text lines of `conntrack -L`, and who has the most connections so far. */
export function createClients(layout: Layout): {
  readonly add: (line: string) => void
  readonly busiest: (count: number) => readonly Client[]
} {
  const { pinned, incoming } = marks(layout)
  const clients = new Map<string, { by: Map<number, number>; connections: number }>()

  function add(line: string): void {
    const mark = isEntry(line) ? markOf(line) : 0
    if ((mark & incoming) !== 0 || (mark & pinned) === 0) return
    // The first one: the second is that of answers.
    const source = / src=(\S+)/.exec(line)?.[1] ?? ''
    if (!/^[0-9a-f.:]{2,45}$/.test(source)) return
    const client = clients.get(source) ?? { by: new Map<number, number>(), connections: 0 }
    if (client.connections === 0 && clients.size >= most) return
    clients.set(source, client)
    client.connections += 1
    const number = numberOf(mark, layout)
    client.by.set(number, (client.by.get(number) ?? 0) + 1)
  }

  return {
    add,
    busiest: (count) =>
      [...clients]
        .map(([source, { by, connections }]) => ({ source, by, connections }))
        .toSorted((one, other) => other.connections - one.connections || (one.source < other.source ? -1 : 1))
        .slice(0, count),
  }
}
