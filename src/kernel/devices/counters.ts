/** What each device has carried since it exists, in one read: proc_net_dev(5). */
import { paths } from '../../layout.ts'
import { rereadable } from '../../os/files.ts'

export interface Counters {
  readonly rxBytes: number
  readonly rxPackets: number
  /** Drivers that count it do so in `rxPackets` as well. */
  readonly rxMulticast: number
  readonly txBytes: number
  readonly txPackets: number
}

const readDevices = rereadable(paths.deviceCounters)
let known: ReadonlyMap<string, Counters & { readonly line: string }> = new Map()

/** By device. Empty where they cannot be read. */
export function readCounters(): ReadonlyMap<string, Counters> {
  known = parseCounters(readDevices(), known)
  return known
}

/** Most devices of a host stand still: a line that is the same as in `before` is not parsed again. */
export function parseCounters(text: string, before: typeof known = new Map()): typeof known {
  const found = new Map<string, Counters & { readonly line: string }>()
  for (const line of text.split('\n')) {
    const colon = line.lastIndexOf(':')
    if (colon < 0) continue
    const name = line.slice(0, colon).trim()
    const former = before.get(name)
    found.set(name, former?.line === line ? former : { line, ...parseLine(line.slice(colon + 1)) })
  }
  return found
}

function parseLine(line: string): Counters {
  const fields = line.trim().split(/\s+/).map(Number)
  const [rxBytes = 0, rxPackets = 0, , , , , , rxMulticast = 0, txBytes = 0, txPackets = 0] = fields
  return { rxBytes, rxPackets, rxMulticast, txBytes, txPackets }
}
