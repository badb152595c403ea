/** What of a line survives a restart. What was stored is as hostile as any file. Pure. */
import { type Json, numberOf, objectOf } from '../../values/checked.ts'
import { type Bandwidth, type Capacity, type Direction, type LineModel, mostTargets, newLine } from './line-model.ts'
import { baseOf, newTarget, type Target } from './target.ts'

export interface StoredLine {
  /** When it was stored, by the clock on the wall, in ms. */
  readonly at: number
  readonly down: StoredCapacity
  readonly up: StoredCapacity
  /** By target's name, the round trip at rest and its jitter, in ms. */
  readonly targets: Readonly<Record<string, { readonly baseMs: number; readonly jitterMs: number }>>
}

interface StoredCapacity {
  readonly sure: Capacity['sure']
  readonly rate: number
  readonly seen: number
  /** For how long `sure` had been what it is, in ms. */
  readonly forMs: number
}

/** How long it is believed. Contracts change, and so do the paths to targets. */
const believedMs = 14 * 24 * 3600 * 1000
/** How far in the future it may be, as a clock may be set back. */
const aheadMs = 24 * 3600 * 1000
/** The highest rate that is believed: ten terabits a second, in bytes/s. */
const mostRate = 1.25e12
const mostMs = 60_000
const mostNameLength = 256

export function toStored(line: LineModel, wallMs: number): StoredLine {
  const { down, up } = line.capacity
  const store = ({ sure, rate, seen, since }: Capacity): StoredCapacity => ({
    sure,
    rate: Math.round(rate),
    seen: Math.round(seen),
    forMs: Math.max(0, Math.round((line.at ?? 0) - since)),
  })
  const targets = Object.entries(line.targets)
    .filter(([, { least }]) => least.length > 0)
    .map(([name, target]) => [name, { baseMs: baseOf(target), jitterMs: target.jitterMs }] as const)
  return { at: Math.round(wallMs), down: store(down), up: store(up), targets: Object.fromEntries(targets) }
}

/** A new line with what can be believed of `stored`. `at` (monotonic) and `wallMs` (by the clock) are both now. */
export function fromStored(stored: unknown, at: number, wallMs: number, bandwidth?: Bandwidth): LineModel {
  const line = newLine(bandwidth)
  const value = objectOf(stored)
  const age = wallMs - numberOf(value['at'])
  if (!(age >= -aheadMs && age <= believedMs)) return line
  const capacity = (direction: Direction) =>
    capacityFrom(objectOf(value[direction]), at, bandwidth?.[direction] ?? mostRate) ?? line.capacity[direction]
  const minute = Math.floor(at / 60_000)
  const targets = Object.entries(objectOf(value['targets']))
    .slice(0, mostTargets)
    .flatMap(([name, target]) => targetFrom(name, objectOf(target), minute) ?? [])
  return { ...line, capacity: { down: capacity('down'), up: capacity('up') }, targets: Object.fromEntries(targets) }
}

function capacityFrom(value: Json, at: number, ceiling: number): Capacity | null {
  const sure = (['at-least', 'known'] as const).find((known) => known === value['sure'])
  const [rate, seen, forMs] = [numberOf(value['rate']), numberOf(value['seen']), numberOf(value['forMs'])]
  if (!sure || !isWithin(rate, mostRate) || !isWithin(seen, mostRate) || !(forMs >= 0 && Number.isFinite(forMs)))
    return null
  return { sure, rate: Math.min(rate, ceiling), seen: Math.min(seen, ceiling), since: at - forMs, full: [] }
}

function targetFrom(name: string, value: Json, minute: number): [[string, Target]] | null {
  const [baseMs, jitterMs] = [numberOf(value['baseMs']), numberOf(value['jitterMs'])]
  if (name.length > mostNameLength || !isWithin(baseMs, mostMs) || !isWithin(jitterMs, mostMs)) return null
  return [[name, { ...newTarget, least: [{ minute, ms: baseMs }], presentMs: baseMs, jitterMs }]]
}

function isWithin(value: number, most: number): boolean {
  return value > 0 && value <= most
}
