/** The lines and loads that a balancer has to do well on, with the weights that a good administrator would set by hand. */
import { clients, type Load, web } from './loads.ts'
import type { LineSpec } from './simulated-line.ts'
import { usualTargets, type World } from './world.ts'

export interface Case extends World {
  readonly name: string
  /** Of each line, when nobody knows what will come. */
  readonly ideal: readonly number[]
  readonly ways: readonly ('down' | 'up')[]
}

const down = ['down'] as const
const small = [clients(64, 250e3)]
const pair = (one: number, other: number, common: Partial<LineSpec> = {}): readonly LineSpec[] => [
  { ...common, down: one, up: one },
  { ...common, down: other, up: other },
]
const far = (one: number, other: number, common: Partial<LineSpec> = {}): readonly LineSpec[] => [
  { baseMs: 10, ...common, down: one, up: one },
  { baseMs: 20, ...common, down: other, up: other },
]
/** Fibre or cable beside a good DSL line: the one that is best down is worst up. */
const crossed: readonly LineSpec[] = [
  { down: 100, up: 5 },
  { down: 20, up: 20 },
]
const losing = crossed.map((line): LineSpec => ({ ...line, losesBehind: true }))
const lteRates = (seconds: number) => ({ down: [30, 10, 40][Math.floor(seconds / 30) % 3] ?? 30, up: 10 })
const withLte: readonly LineSpec[] = [
  { down: 15, up: 1, baseMs: 20 },
  { down: 30, up: 10, baseMs: 45, jitterMs: 8, bufferMs: 200, rates: lteRates },
]
/** A wireless path whose round trip wanders by 60 ms in a minute and a half. */
const wandering = (seconds: number) => 30 * (1 - Math.cos((2 * Math.PI * seconds) / 90))
const spoilt = (behaves: NonNullable<(typeof usualTargets)[number]['behaves']>) => [
  { farMs: 0, behaves },
  ...usualTargets.slice(1),
]
const hostile = (lines: readonly LineSpec[], behaves: NonNullable<(typeof usualTargets)[number]['behaves']>) => [
  { ...(lines[0] as LineSpec), targets: spoilt(behaves) },
  ...lines.slice(1),
]
/** It answers late as soon as the line is used: the worst moment. */
const delaying = (_: number, carried: number) => (carried > 100e3 ? 150 : 0)
const silenced = (seconds: number) => (seconds > 5 ? 'silent' : 0)

const alone = (lines: readonly LineSpec[]) =>
  hostile(lines, delaying).map(({ targets = usualTargets, ...line }) => ({ ...line, targets: targets.slice(0, 1) }))

const of = (
  name: string,
  lines: readonly LineSpec[],
  loads: readonly Load[],
  ideal: readonly number[],
  ways: readonly ('down' | 'up')[] = down,
): Case => ({ name, lines, loads, ideal, ways })

/** At 30 s it carries a tenth. */
const fallen: readonly LineSpec[] = [
  { down: 40, up: 40 },
  { down: 40, up: 40, rates: (s) => (s < 30 ? { down: 40, up: 40 } : { down: 4, up: 4 }) },
]
/** After the fall. */
const afterFall = [10, 1] as const

export const cases: readonly Case[] = [
  of('40/10', pair(40, 10), small, [4, 1]),
  of('40/10, eight clients', pair(40, 10), [clients(8, 250e3)], [4, 1]),
  of('40/10, ten clients of 10 MB', pair(40, 10), [clients(10, 10e6)], [4, 1]),
  of('40/10, web-like at 70 %', far(40, 10), [web(35)], [4, 1]),
  of('40/10, web-like at 30 %', far(40, 10), [web(15)], [4, 1]),
  of('40/10, five seconds of each ten', pair(40, 10), [clients(64, 250e3, { when: (s) => s % 10 < 5 })], [4, 1]),
  of('40/10, queues of 500 ms', pair(40, 10, { bufferMs: 500 }), small, [4, 1]),
  of('40/10, queues of 5 ms', pair(40, 10, { bufferMs: 5 }), small, [4, 1]),
  of('40/10, fair queues', pair(40, 10, { shaper: 'fair' }), small, [4, 1]),
  of('40/10, fair queues, eight clients', pair(40, 10, { shaper: 'fair' }), [clients(8, 250e3)], [4, 1]),
  of('40/10, fair queues, web-like at 70 %', far(40, 10, { shaper: 'fair' }), [web(35)], [4, 1]),
  of('40/10, policers', pair(40, 10, { shaper: 'policer' }), small, [4, 1]),
  of('40/10, two transfers without end and web', far(40, 10), [clients(2, 1e9), web(5)], [4, 1]),
  of('40/10, an upload without end on both', pair(40, 10), [clients(2, 1e9, { way: 'up' }), ...small], [4, 1]),
  of('40/10, wandering round trips', pair(40, 10, { baseMs: 20, jitterMs: 6, driftMs: wandering }), small, [4, 1]),
  of('100/20', crossed, small, [5, 1]),
  of('100/20, uploads (5/20)', crossed, [clients(64, 250e3, { way: 'up' })], [1, 4], ['up']),
  of('100/20, uploads (5/20), lost behind the modems', losing, [clients(64, 250e3, { way: 'up' })], [1, 4], ['up']),
  of(
    '20/20, uploads, lost behind the modems',
    pair(20, 20, { losesBehind: true }),
    [clients(64, 250e3, { way: 'up' })],
    [1, 1],
    ['up'],
  ),
  of(
    '20/20, uploads, lost behind one modem',
    [
      { down: 20, up: 20, losesBehind: true },
      { down: 20, up: 20 },
    ],
    [clients(64, 250e3, { way: 'up' })],
    [1, 1],
    ['up'],
  ),
  of('100/20, both ways', crossed, [clients(32, 250e3), clients(4, 2e6, { way: 'up' })], [2, 1], ['down', 'up']),
  of(
    '100/20, downloads, then uploads, each 30 s',
    crossed,
    [clients(64, 250e3, { when: (s) => s % 60 < 30 }), clients(32, 250e3, { way: 'up', when: (s) => s % 60 >= 30 })],
    [2, 1],
    ['down', 'up'],
  ),
  of('15 + LTE 30-10-40', withLte, small, [1, 2]),
  of('15 + LTE 30-10-40, web-like', withLte, [web(18)], [1, 2]),
  of('40/20/10', [...pair(40, 20), { down: 10, up: 10 }], small, [4, 2, 1]),
  of('20/20', pair(20, 20), small, [1, 1]),
  of('20/20, eight clients', pair(20, 20), [clients(8, 250e3)], [1, 1]),
  of('20/20, web-like at 70 %', far(20, 20), [web(28)], [1, 1]),
  of('20/20, policers', pair(20, 20, { shaper: 'policer' }), small, [1, 1]),
  of('20/20, wandering round trips', pair(20, 20, { baseMs: 20, jitterMs: 6, driftMs: wandering }), small, [1, 1]),
  of('40/10, a target of the 40 that delays', hostile(pair(40, 10), delaying), small, [4, 1]),
  of('40/10, one target alone of the 40, that delays', alone(pair(40, 10)), small, [4, 1]),
  of('40/10, one target alone of the 40, that delays, web-like at 70 %', alone(far(40, 10)), [web(35)], [4, 1]),
  of('20/20, a target that delays', hostile(pair(20, 20), delaying), small, [1, 1]),
  of('20/20, a target that delays, eight clients', hostile(pair(20, 20), delaying), [clients(8, 250e3)], [1, 1]),
  of('20/20, a target that delays, web-like at 70 %', hostile(far(20, 20), delaying), [web(28)], [1, 1]),
  of('20/20, a target that falls silent, eight clients', hostile(pair(20, 20), silenced), [clients(8, 250e3)], [1, 1]),
  of('20/20, a target that falls silent, web-like at 70 %', hostile(far(20, 20), silenced), [web(28)], [1, 1]),
  of(
    '20/20, a slow target, eight clients',
    hostile(pair(20, 20), () => 250),
    [clients(8, 250e3)],
    [1, 1],
  ),
  of('20/20, one target alone, that delays', alone(pair(20, 20)), small, [1, 1]),
  of('20/20, one target alone, that delays, eight clients', alone(pair(20, 20)), [clients(8, 250e3)], [1, 1]),
  of(
    '100 falls to 10 for 30 s beside 100',
    [
      { down: 100, up: 100, rates: (s) => (s >= 30 && s < 60 ? { down: 10, up: 10 } : { down: 100, up: 100 }) },
      { down: 100, up: 100 },
    ],
    [clients(64, 1e6)],
    [1, 1],
  ),
  of('40/40, one falls to 4 at 30 s', fallen, small, afterFall),
  of('40/40, one falls to 4 at 30 s, eight clients', fallen, [clients(8, 250e3)], afterFall),
  of('40/40, one falls to 4 at 30 s, web-like', fallen, [web(24)], afterFall),
  of(
    '40/40, uploads, one falls to 4 at 30 s',
    fallen.map((line) => ({ ...line, losesBehind: true })),
    [clients(64, 250e3, { way: 'up' })],
    afterFall,
    ['up'],
  ),
  of(
    '40/10, four downloads of others on the 40 from 30 s on',
    [
      { down: 40, up: 40, others: (s) => (s >= 30 ? 4 : 0) },
      { down: 10, up: 10 },
    ],
    small,
    [4, 1],
  ),
  of(
    '40/10, half a minute of load, then next to nothing',
    far(40, 10, { jitterMs: 6, driftMs: wandering }),
    [clients(64, 250e3, { when: (s) => s < 30 }), clients(1, 1e9, { most: 20e3 })],
    [4, 1],
  ),
  of(
    '40/10, next to nothing',
    far(40, 10),
    [clients(1, 1e9, { most: 20e3 }), clients(1, 1e9, { most: 15e3, way: 'up' })],
    [1, 1],
  ),
]
