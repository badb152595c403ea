/**
 * A line as its users see it: each direction is shared by the transfers in it, who speed up as TCP does in slow start
 * (RFC 5681: a window of ten segments, RFC 6928, doubled each round trip), and what is sent beyond its rate waits or is lost.
 * Transfers, not packets: a minute of 64 clients takes a tenth of a second.
 */
import type { Random } from './random.ts'

/** What becomes of more than the rate: it waits in one queue for all, in one each, or is lost. */
export type Shaper = 'drop-tail' | 'fair' | 'policer'

export interface LineSpec {
  /** Mbit/s. */
  readonly down: number
  readonly up: number
  readonly shaper?: Shaper
  /** The queue is behind our counters, as a provider's is: what is lost of uploads there is sent again, and counted again. */
  readonly losesBehind?: true
  /** How long the full queue of a drop-tail shaper takes to drain, in ms. */
  readonly bufferMs?: number
  /** Round trip at rest, and what varies of it, in ms. */
  readonly baseMs?: number
  readonly jitterMs?: number
  /** The rates at a time, instead of the ones above: Mbit/s. */
  readonly rates?: (seconds: number) => { readonly down: number; readonly up: number }
  /** What is added to the round trip at a time, in ms. */
  readonly driftMs?: (seconds: number) => number
  /** Downloads of others before the same modem that never end, at a time: our counters do not see them. */
  readonly others?: (seconds: number) => number
  readonly targets?: readonly TargetSpec[]
}

export interface TargetSpec {
  /** Behind the line, in ms. */
  readonly farMs: number
  readonly jitterMs?: number
  /** What this target does by itself: so many ms later, or no answer. */
  readonly behaves?: (seconds: number, carried: number) => number | 'silent'
}

export interface Transfer {
  readonly size: number
  readonly way: 'down' | 'up'
  readonly load: number
  /** Bytes/s that its sender has at most. */
  readonly most: number
  readonly began: number
  left: number
  rate: number
}

export interface SimulatedLine {
  readonly spec: LineSpec
  readonly down: Pipe
  readonly up: Pipe
  /** Of the device: bytes from the internet and to it. */
  rx: number
  tx: number
  /** What of `tx` was lost behind the device, and sent again. */
  again: number
  /** Bytes/s of the last step, both ways. */
  carried: number
}

interface Pipe {
  readonly transfers: Transfer[]
  /** Seconds that a packet waits. */
  queue: number
  /** Part of what is sent that is lost. */
  lost: number
  /** What the rate is of what it should be, at the moment: policers make senders stumble. */
  stumble: number
}

/** Acknowledgements, by the bytes that they acknowledge: one of 66 bytes for two segments. */
const acknowledgements = 0.025
const bytesPerMbit = 125_000
const firstWindow = 14_480

export function simulatedLine(spec: LineSpec): SimulatedLine {
  const pipe = (): Pipe => ({ transfers: [], queue: 0, lost: 0, stumble: 1 })
  return { spec, down: pipe(), up: pipe(), rx: 0, tx: 0, again: 0, carried: 0 }
}

export function ratesOf(
  { down, up, rates }: LineSpec,
  seconds: number,
): { readonly down: number; readonly up: number } {
  const mbit = rates ? rates(seconds) : { down, up }
  return { down: mbit.down * bytesPerMbit, up: mbit.up * bytesPerMbit }
}

/** Carries what `stepS` seconds can; the transfers that ended. */
export function step(line: SimulatedLine, seconds: number, stepS: number, random: Random): readonly Transfer[] {
  const rates = ratesOf(line.spec, seconds)
  const down = carry(line, 'down', rates.down, seconds, stepS, random)
  const up = carry(line, 'up', rates.up, seconds, stepS, random)
  line.rx += down.bytes + up.bytes * acknowledgements
  line.tx += up.bytes + up.again + down.bytes * acknowledgements
  line.again += up.again
  line.carried = (down.bytes + up.bytes) / stepS
  return [...down.ended, ...up.ended]
}

function carry(
  line: SimulatedLine,
  way: 'down' | 'up',
  capacity: number,
  seconds: number,
  stepS: number,
  random: Random,
) {
  const { spec } = line
  const pipe = line[way]
  const { transfers } = pipe
  const others = way === 'down' ? (spec.others?.(seconds) ?? 0) : 0
  pipe.lost = 0
  if (transfers.length + others === 0) {
    pipe.queue = Math.max(0, pipe.queue - stepS)
    return { bytes: 0, again: 0, ended: [] }
  }
  if (spec.shaper === 'policer' && random.part() < stepS / 0.2) pipe.stumble = 0.9 + 0.1 * random.part()
  const usable = capacity * pipe.stumble
  const roundTrip =
    ((spec.baseMs ?? 0.3) + (spec.driftMs?.(seconds) ?? 0)) / 1000 + line.down.queue + line.up.queue + 0.0005
  let wanted = others * usable
  for (const transfer of transfers) {
    const rounds = (seconds - transfer.began) / roundTrip
    transfer.rate = Math.min(transfer.most, rounds > 30 ? 1e12 : (firstWindow / roundTrip) * 2 ** rounds)
    wanted += transfer.rate
  }
  if (wanted > usable) {
    shareOut(transfers, others, usable)
    pipe.lost = spec.shaper === 'policer' ? 0.02 : 0
  }
  if (spec.shaper === undefined || spec.shaper === 'drop-tail') {
    const full = ((spec.bufferMs ?? 50) / 1000) * (0.7 + 0.3 * random.part())
    const more = wanted > usable ? Math.min(3, wanted / usable - 1) : wanted / usable - 1
    pipe.queue = Math.max(0, Math.min(full, pipe.queue + stepS * more))
  }
  const many = transfers.length
  let bytes = 0
  const ended: Transfer[] = []
  for (const transfer of transfers) {
    const carried = Math.min(transfer.left, transfer.rate * stepS)
    bytes += carried
    transfer.left -= carried
    if (transfer.left <= 0) ended.push(transfer)
  }
  if (ended.length > 0) pipe.transfers.splice(0, Infinity, ...transfers.filter(({ left }) => left > 0))
  return { bytes, again: spec.losesBehind && wanted > usable ? bytes * sentAgain(many) : 0, ended }
}

/**
 * What is sent again, by what arrives, through a queue of 50 ms: 70 % by 50 transfers through 5 Mbit/s, and 45 % by 25 through
 * 20 Mbit/s, in the lab of `npm run weights`.
 */
function sentAgain(transfers: number): number {
  return (0.9 * transfers) / (transfers + 20)
}

/** Who wants less than an equal share has what it wants; the rest is for the others, in equal parts. */
function shareOut(transfers: readonly Transfer[], others: number, usable: number): void {
  let [rest, sharers] = [usable, transfers.length + others]
  let open = transfers
  for (;;) {
    const share = rest / sharers
    const modest = open.filter(({ rate }) => rate <= share)
    if (modest.length === 0) {
      for (const transfer of open) transfer.rate = share
      return
    }
    for (const { rate } of modest) rest -= rate
    sharers -= modest.length
    open = open.filter(({ rate }) => rate > share)
    if (sharers <= 0 || open.length === 0) return
  }
}

/** The round trip of a probe in ms; null: lost. */
export function probe(line: SimulatedLine, target: TargetSpec, seconds: number, random: Random): number | null {
  const { spec, down, up } = line
  const behaviour = target.behaves?.(seconds, line.carried) ?? 0
  if (behaviour === 'silent') return null
  if (random.part() < down.lost + up.lost) return null
  const jitter = Math.abs(random.normal()) * Math.hypot(spec.jitterMs ?? 0.5, target.jitterMs ?? 0)
  // One in a hundred is late for reasons of its own.
  const late = random.part() < 0.01 ? 30 * random.part() : 0
  const path = (spec.baseMs ?? 0.3) + (spec.driftMs?.(seconds) ?? 0) + target.farMs + behaviour
  return path + (down.queue + up.queue) * 1000 + jitter + late
}
