/**
 * What part of the uploads that leave by a line arrives. Our counters count what is sent: what is lost in a queue behind them, as a
 * modem's or a provider's is, is sent again and counted again, half as much once more where many share a short queue. Pure.
 */
import { loadOf } from '../capacity/learn.ts'
import type { LineModel } from '../capacity/line-model.ts'
import { hasRoom } from './room.ts'

/** The part of the way to what is seen that each second makes. */
const falls = 0.2
const rises = 0.1
/** So much less is taken to arrive than is seen: a change of weights has to be worth it. */
const seenPart = 0.9
/** However much is sent again, some arrives. */
const least = 0.4

export interface Sender {
  readonly line: LineModel
  /** Its share of new connections in force, and bytes/s up of about the last ten seconds. */
  readonly share: number
  readonly up: number
  /** What is known of it so far; 1: all arrives. */
  readonly arrives: number
}

/**
 * The part of each line's uploads that arrives, after this second; for lines that new connections are spread over. While a line
 * has room, all that it sends arrives, and tells how much all are given; a full line that sends more than its share of that, and
 * does not become empty, sends some of it again.
 */
export function arriving(senders: readonly Sender[]): readonly number[] {
  const roomy = senders.filter(({ line }) => hasRoom(line, 'up'))
  const full = senders.filter((one) => !roomy.includes(one) && loadOf(one.line, 'up') === 'full')
  if (roomy.length === 0 || full.length === 0) return senders.map(({ arrives }) => arrives)
  const sum = (of: (sender: Sender) => number) => roomy.reduce((all, one) => all + of(one), 0)
  const given = sum(({ up }) => up) / sum(({ share }) => share)
  return senders.map((one) => {
    if (roomy.includes(one)) return one.arrives + rises * (1 - one.arrives)
    if (!full.includes(one) || one.up === 0) return one.arrives
    const seen = Math.max(least, (seenPart * one.share * given) / one.up)
    return seen < one.arrives ? one.arrives + falls * (seen - one.arrives) : one.arrives
  })
}

/** The line with what arrives of its uploads, in place of what is sent. */
export function withArrivals(line: LineModel, arrives: number): LineModel {
  if (arrives === 1) return line
  const { up } = line.capacity
  const full = up.full.map((rate) => rate * arrives)
  return {
    ...line,
    rates: line.rates.map((rate) => ({ ...rate, up: rate.up * arrives })),
    capacity: { ...line.capacity, up: { ...up, rate: up.rate * arrives, seen: up.seen * arrives, full } },
  }
}
