import { describe, expect, test } from 'vitest'
import { journalFields } from '../../../src/model/event-text.ts'
import type { Dated } from '../../../src/model/history.ts'
import { bandsOf, eventsOf, graphsOf } from '../../../src/page/past.ts'

const since = 1_790_000_400

describe('graphs', () => {
  const answer = (...points: readonly (readonly (number | null)[])[]) =>
    JSON.stringify({ step: 60, since, lines: [{ uplink: 'dsl', family: 'inet', points }] })

  test('have a value for each step, none where nobody looked', () => {
    expect(graphsOf(answer([1, 60, 6, 3, 8.5, 7500, 750]), since + 170)).toEqual({
      times: [since, since + 60, since + 120],
      lines: [
        {
          ...{ uplink: 'dsl', family: 'inet', latencyMs: [null, 8.5, null], lossPercent: [null, 50, null] },
          ...{ down: [null, 1000, null], up: [null, -100, null] },
        },
      ],
    })
  })

  test('add the two parts of a step, each by its weight', () => {
    const [line] = graphsOf(answer([0, 40, 3, 0, 10, 3000, 0], [0, 10, 1, 0, 50, 2000, 0]), since + 60).lines
    expect(line).toMatchObject({ latencyMs: [20], lossPercent: [0], down: [800], up: [0] })
  })

  test('of a line that nothing is known of, and of what a later version tells besides', () => {
    const [line] = graphsOf(answer([0, 60, 0, 0, null, null, null, 7], [9, 1, 1, 1, 1, 1, 1], [null]), since + 60).lines
    expect(line).toMatchObject({ latencyMs: [null], lossPercent: [null], down: [], up: [] })
  })
})

/** As GetEvents gives them. */
const fields = (...events: readonly Dated[]) =>
  events.map((event) => ({
    at: String(event.at * 1000),
    ...(event.event === 'start' ? { IFBALANCE_EVENT: 'start' } : journalFields(event)),
  }))

const change = (at: number, to: string, from: string | null = 'online') =>
  ({ event: 'uplink', at: at * 1000, uplink: 'dsl', from, to, reason: '' }) as Dated

test('events come as they were told, and what is not known is left out', () => {
  const events: readonly Dated[] = [
    { event: 'start', at: 1000 },
    { event: 'uplink', at: 2000, uplink: 'dsl', family: 'inet6', from: 'online', to: 'offline', reason: 'no answer' },
    {
      event: 'uplink',
      at: 2500,
      uplink: 'lte',
      from: null,
      to: 'online',
      reason: '',
      durationMs: 3,
      carrying: ['lte'],
    },
    { event: 'drain', at: 3000, uplink: 'lte', drained: true, reason: 'by command', carrying: [] },
    { event: 'carrying', at: 4000, carrying: ['dsl', 'lte'] },
    { event: 'failback', at: 5000, uplink: 'dsl' },
    { event: 'held-down', at: 6000 },
  ]
  expect(eventsOf(fields(...events))).toEqual(events)
  expect(eventsOf([{ at: '1', IFBALANCE_EVENT: 'of a later version' }, {}])).toEqual([])
})

test('bands are the times in which an uplink was not as it should be', () => {
  const drain = (at: number, drained: boolean): Dated => ({
    event: 'drain',
    at: at * 1000,
    uplink: 'dsl',
    drained,
    reason: '',
  })
  const events = [
    ...[change(10, 'offline'), change(20, 'down'), change(30, 'degraded'), change(40, 'online')],
    ...[drain(50, true), change(60, 'disabled'), drain(70, false), change(80, 'online')],
    change(90, 'offline'),
  ]
  const bands = bandsOf(events, 100).map(({ kind, from, to }) => [kind, from, to])
  expect(bands).toEqual([
    ['out', 10, 30],
    ['degraded', 30, 40],
    ['drained', 50, 70],
    ['disabled', 60, 80],
    ['out', 90, 100],
  ])
})
