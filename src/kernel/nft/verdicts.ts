/** Rules of verdict maps by device: what becomes of packets that come in or leave by each uplink. Pure. */

import { isUplinkIn, type Present } from '../../model/active-uplinks.ts'
import type { Family } from '../../net/family.ts'

/**
 * Rules with a verdict for each device, by the families in which it is an uplink; one rule where that is the same for
 * both.
 */
export function verdicts(present: readonly Present[], chain: 'to' | 'in' | 'nat'): readonly string[] {
  const key = chain === 'in' ? 'iif' : 'oif'
  return byFamily(present, (some) => `${key} vmap ${ways(some, chain)}`)
}

/** The elements of a verdict map: each uplink's device leads to its chain. */
export function ways(some: readonly Present[], chain: 'to' | 'in' | 'nat'): string {
  return `{ ${some.map(({ index, number }) => `${index} : goto ${chain}_${number}`).join(', ')} }`
}

/** Matches for what came in by one of the uplinks. */
export function cameIn(present: readonly Present[]): readonly string[] {
  return byFamily(present, (some) => `iif ${devices(some)}`)
}

/** The uplinks' devices for a match, by number. */
export function devices(some: readonly Present[]): string {
  return some.length === 1 ? String(some[0]?.index) : `{ ${some.map(({ index }) => index).join(', ')} }`
}

/** One rule for both families, or one for each where the devices differ. */
export function byFamily(present: readonly Present[], write: (some: readonly Present[]) => string): readonly string[] {
  const sorted = present.toSorted((a, b) => a.index - b.index)
  const of = (family: Family) => sorted.filter((uplink) => isUplinkIn(family, uplink))
  const [inet, inet6] = [of('inet'), of('inet6')]
  const line = (family: string, some: readonly Present[]) => (some.length > 0 ? [`${family}${write(some)}`] : [])
  const isSame = inet.length === inet6.length && inet.every((uplink) => inet6.includes(uplink))
  return isSame ? line('', inet) : [...line('meta nfproto ipv4 ', inet), ...line('meta nfproto ipv6 ', inet6)]
}
