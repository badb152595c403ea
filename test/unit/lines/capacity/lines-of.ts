/** Lines that were fed by hand, second by second. */
import { learn, type Member } from '../../../../src/lines/capacity/learn.ts'
import { type Bandwidth, type LineModel, newLine } from '../../../../src/lines/capacity/line-model.ts'
import { observe } from '../../../../src/lines/capacity/observe.ts'
import type { Answer } from '../../../../src/lines/capacity/reading.ts'

const mbit = 125_000

export interface Second {
  /** Mbit/s. */
  readonly down?: number
  readonly up?: number
  /** Bytes of each packet; absent: nobody counts packets. */
  readonly packetBytes?: number
  readonly answers?: readonly Answer[]
}

/** One second more of a line that counts bytes. */
export function nextOf(line: LineModel, { down = 0, up = 0, packetBytes, answers = [] }: Second): LineModel {
  const { rx, tx, rxPackets = 0, txPackets = 0 } = line.counters ?? { rx: 0, tx: 0 }
  const at = line.at ?? 0
  const bytes = { rx: rx + down * mbit, tx: tx + up * mbit }
  const packets = packetBytes && {
    rxPackets: rxPackets + (down * mbit) / packetBytes,
    txPackets: txPackets + (up * mbit) / packetBytes,
  }
  return observe(line, { at: at + 1000, counters: { ...bytes, ...packets }, answers })
}

/** The first reading, which counts nothing, and some seconds at rest in which three targets answer in 20, 30 and 40 ms. */
export function rested(bandwidth?: Bandwidth, seconds = 12): LineModel {
  const first = observe(newLine(bandwidth), { at: 0, counters: { rx: 0, tx: 0 }, answers: [] })
  return Array.from({ length: seconds }).reduce<LineModel>((line) => nextOf(line, { answers: inTime }), first)
}

export const inTime = answers(0)
export const lateAnswers = answers(60)

/** Of all three targets, so many ms later than at rest. */
export function answers(laterMs: number): readonly Answer[] {
  return [20, 30, 40].map((ms, i) => ({ target: `target-${i}`, rttMs: ms + laterMs }))
}

/** So many seconds of lines that share a load, each learning from the others. */
export function together(
  members: readonly Member[],
  seconds: number,
  each: (second: number) => readonly Second[],
): readonly LineModel[] {
  let lines = members.map(({ line }) => line)
  for (let second = 0; second < seconds; second++) {
    const looks = each(second)
    lines = learn(
      members.map((member, i) => ({ ...member, line: nextOf(lines[i] ?? newLine(), looks[i] ?? {}) })),
    ).slice()
  }
  return lines
}

/** Mbit/s. */
export function knownOf(line: LineModel | undefined, direction: 'down' | 'up'): readonly [string, number] | undefined {
  return line && [line.capacity[direction].sure, Math.round(line.capacity[direction].rate / mbit)]
}
