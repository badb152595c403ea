/** What a measurement on purpose adds to what is known of a line. Pure. */
import type { Learning } from './learning.ts'

/** Less than this part of what a line carried lately says more of the server than of the line. */
const credible = 0.8

/** With the rate (bytes/s) at which the line was full downwards. A text where it is not believed, for people. */
export function withMeasured(before: Learning, uplink: string, rate: number, at: number): Learning | string {
  const model = before.models.get(uplink)
  const watched = before.aim?.watched.find(({ name }) => name === uplink)
  if (!model || !watched) return `nothing is learned of ${uplink}: it has no link`
  const { down } = model.line.capacity
  if (rate < credible * down.seen) return `${uplink} has carried more lately, so the server was slower than the line`
  const known = {
    ...{ sure: 'known' as const, rate: Math.min(rate, watched.bandwidth.down ?? Number.POSITIVE_INFINITY) },
    ...{ seen: Math.max(rate, down.seen), since: model.line.at ?? at, full: [] },
  }
  const line = { ...model.line, capacity: { ...model.line.capacity, down: known } }
  // What is known of lines is written down with the time of the latest load.
  return { ...before, loadedAt: at, models: new Map([...before.models, [uplink, { ...model, line }]]) }
}
