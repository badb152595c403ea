/** What each device has carried since it exists, by one read of proc_net_dev(5). */
import { paths } from '../../layout.ts'
import { rereadable } from '../../os/files.ts'

export interface Counters {
  readonly rxBytes: number
  readonly rxPackets: number
  /** Multicast packets. Drivers that count them count them in `rxPackets`, too. */
  readonly rxMulticast: number
  readonly txBytes: number
  readonly txPackets: number
}

const readDevices = rereadable(paths.deviceCounters)
let known: ReadonlyMap<string, Counters & { readonly line: string }> = new Map()

/** Counters by device; empty where they cannot be read. */
export function readCounters(): ReadonlyMap<string, Counters> {
  known = parseCounters(readDevices(), known)
  return known
}

/**
 * Counters from the text of the file. A text line that is the same as in `before` is not parsed again, as most devices
 * of a host stand still.
 */
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
