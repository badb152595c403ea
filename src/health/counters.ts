/** Packet counters of all devices, in one read: proc_net_dev(5). */
import { paths } from '../ids.ts'
import { rereadable } from '../os/files.ts'

export interface Counters {
  readonly rx: number
  readonly tx: number
  readonly rxBytes: number
  readonly txBytes: number
}

/** By device. Empty where they cannot be read. */
export function readCounters(): ReadonlyMap<string, Counters> {
  return parseCounters(readDevices())
}

const readDevices = rereadable(paths.deviceCounters)

/** Multicast that was received answers nobody; drivers that count it do so in `rx` as well. */
export function parseCounters(text: string): ReadonlyMap<string, Counters> {
  const found = new Map<string, Counters>()
  for (const line of text.split('\n').slice(2)) {
    const colon = line.lastIndexOf(':')
    const [rxBytes = 0, rx = 0, , , , , , multicast = 0, txBytes = 0, tx = 0] = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number)
    if (colon > 0) found.set(line.slice(0, colon).trim(), { rx: Math.max(0, rx - multicast), tx, rxBytes, txBytes })
  }
  return found
}
