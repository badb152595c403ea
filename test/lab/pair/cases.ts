/** What can happen to a pair of routers, and what is to become of the connections that there are. */
import { setTimeout } from 'node:timers/promises'
import type { PairLab } from './lab.ts'
import { beginMany, entriesOf } from './many.ts'
import { type KindReport, openNew, openTraffic } from './traffic.ts'

export interface PairCase {
  readonly name: string
  /** What there is before the connections. */
  readonly prepare?: (lab: PairLab) => void | Promise<void>
  readonly run: (lab: PairLab) => Promise<void>
  /** Bounds of the longest silence in ms. */
  readonly limitMs: number
  /** How long it is watched whether the role stays. */
  readonly watchMs?: number
  /** How often the role is to change, at both together. */
  readonly changes: number
  /** How often the fifty connections are there; once, unless said. */
  readonly times?: number
  /** Connections of the first provider cannot live. */
  readonly withoutIsp1?: true
}

export interface PairResult {
  readonly connections: number
  /** Those that did not even begin well. */
  readonly brokenBefore: number
  /** Those that were to live, and did not. */
  readonly broken: number
  readonly silenceMs: number
  readonly newTried: number
  readonly newFailed: number
  readonly newFailingMs: number
  /** How often a router has become active. */
  readonly changes: number
  /** Entries in the connection tables before it happens: of the first router, of the second. */
  readonly entries: readonly [number, number]
  readonly byKind: readonly KindReport[]
}

const cable = (lab: PairLab, router: 'a' | 'b', state: 'up' | 'down', which: 'lan0' | 'wan1') =>
  lab.network.setCables(router, state, [which])

export const switchByHand: PairCase = {
  name: 'switch: keepalived is stopped',
  ...{ limitMs: 500, changes: 1 },
  run: async (lab) => {
    await lab.a.stopKeepalived()
    await lab.untilActive(lab.b)
  },
}

const failback: PairCase = {
  name: 'back: it is started',
  ...{ limitMs: 500, changes: 1 },
  run: async (lab) => {
    await lab.a.startKeepalived()
    await lab.untilActive(lab.a)
  },
}

const switches: readonly PairCase[] = [switchByHand, failback]

/** Its packets come before what the peer tells of them. */
export const lateStates: PairCase = {
  name: 'back: it is started, and hears of connections half a second late',
  ...{ limitMs: 2500, changes: 1 },
  prepare: ({ a }) => a.setStatesHeld(true),
  run: async (lab) => {
    await lab.a.startKeepalived()
    await lab.untilActive(lab.a)
    await setTimeout(500)
    lab.a.setStatesHeld(false)
  },
}

export const deadLine: PairCase = {
  name: "the active one's line by ISP 1 is dead, its link is fine",
  ...{ limitMs: 5000, changes: 1 },
  run: async (lab) => {
    await lab.network.setDead('a', 'wan1', true)
    await lab.untilActive(lab.b)
  },
}

export const mended: PairCase = {
  name: 'back: it lives again',
  ...{ limitMs: 500, changes: 1 },
  run: async (lab) => {
    await lab.network.setDead('a', 'wan1', false)
    await lab.untilActive(lab.a)
  },
}

export const powerLoss: PairCase = {
  name: 'the active one loses power',
  ...{ limitMs: 2500, changes: 1 },
  run: async (lab) => {
    await lab.a.losePower()
    await lab.untilActive(lab.b)
  },
}

export const boot: PairCase = {
  name: 'it boots, and takes over',
  ...{ limitMs: 500, changes: 1 },
  run: async (lab) => {
    await lab.a.losePower()
    await lab.a.boot()
    await lab.untilActive(lab.a)
  },
}

const cables: readonly PairCase[] = (
  [
    ['wan1', 'ISP 1'],
    ['lan0', 'the LAN'],
  ] as const
).flatMap(([device, where]): readonly PairCase[] => [
  {
    name: `the active one's cable to ${where} is out`,
    ...{ limitMs: 2500, changes: 1 },
    run: async (lab) => {
      await cable(lab, 'a', 'down', device)
      await lab.untilActive(lab.b)
    },
  },
  {
    name: `back: its cable to ${where} is in`,
    ...{ limitMs: 500, changes: 1 },
    run: async (lab) => {
      await cable(lab, 'a', 'up', device)
      await lab.untilActive(lab.a)
    },
  },
])

const isp1Off: readonly PairCase[] = [
  {
    name: 'ISP 1 is off for both',
    ...{ limitMs: 500, changes: 0, withoutIsp1: true },
    run: async (lab) => {
      for (const router of ['a', 'b'] as const) await cable(lab, router, 'down', 'wan1')
      for (const router of [lab.a, lab.b]) await lab.untilUsable(router, 1)
      await lab.untilActive(lab.a)
    },
  },
  {
    name: 'ISP 1 is back for both',
    ...{ limitMs: 500, changes: 0 },
    run: async (lab) => {
      for (const router of ['a', 'b'] as const) await cable(lab, router, 'up', 'wan1')
      for (const router of [lab.a, lab.b]) await lab.untilUsable(router, 2)
      await lab.untilActive(lab.a)
    },
  },
]

const standbysCable: PairCase = {
  name: "the standby's cable to ISP 1 is out and in, then a switch",
  ...{ limitMs: 500, changes: 1 },
  run: async (lab) => {
    await cable(lab, 'b', 'down', 'wan1')
    await lab.untilUsable(lab.b, 1)
    // Longer than `hold`, after which connections would be deleted.
    await setTimeout(4000)
    await cable(lab, 'b', 'up', 'wan1')
    await lab.untilUsable(lab.b, 2)
    await switchByHand.run(lab)
  },
}

/** All that is measured; each begins where the one before has ended, and the first one with the first router active. */
export const allCases: readonly PairCase[] = [
  ...switches,
  switchByHand,
  lateStates,
  ...[...cables, deadLine, mended].map((one) => (one.name.startsWith('back') ? one : { ...one, watchMs: 60_000 })),
  ...isp1Off,
  standbysCable,
  failback,
  powerLoss,
  boot,
]

/** Of booted Debians, as long as each takes. */
export const machineCases: readonly PairCase[] = [...switches, powerLoss, boot]

/** Who is active stays it: nothing on the standby says that its lines work. */
export const oneLeaseCases: readonly PairCase[] = [
  { ...switchByHand, limitMs: 1500 },
  {
    name: 'back: the other is stopped',
    ...{ limitMs: 1500, changes: 1 },
    run: async (lab) => {
      await lab.a.startKeepalived()
      await lab.b.stopKeepalived()
      await lab.untilActive(lab.a)
      await lab.b.startKeepalived()
    },
  },
  powerLoss,
]

const many = { times: 2, limitMs: 3000 }

/** With 100,000 connections, and 2,000 new ones a second. */
export const manyCases: readonly PairCase[] = [
  { ...switchByHand, ...many, prepare: (lab) => beginMany(lab, 100_000, 2000) },
  { ...failback, ...many },
  { ...powerLoss, ...many },
]

/** Both get the package of `deb`, one after the other. */
export function rollingUpgrade(deb: string): PairCase {
  return {
    name: 'the standby is upgraded, a switch, the other is upgraded, back',
    ...{ limitMs: 500, changes: 2 },
    run: async (lab) => {
      await lab.b.install?.(deb)
      await lab.untilUsable(lab.b, 2)
      await switchByHand.run(lab)
      await lab.a.install?.(deb)
      await lab.untilUsable(lab.a, 2)
      await failback.run(lab)
    },
  }
}

/** Without addresses of its own a router cannot see a line come back: it stays with the peer. */
export const oneAddressCases: readonly PairCase[] = [...switches, powerLoss, boot, deadLine]

/** What there is begins anew; `limitMs` is of no concern. */
export const twoLeasesCases: readonly PairCase[] = [...switches, deadLine, mended, powerLoss]

/** Lets it happen to fresh connections. */
export async function play(
  { prepare, run, changes, watchMs = 1500, times = 1, withoutIsp1 }: PairCase,
  lab: PairLab,
): Promise<PairResult> {
  await prepare?.(lab)
  const traffic = await Promise.all(Array.from({ length: times }, () => openTraffic(lab.undo, lab.network, lab.inward)))
  const reports = async () => (await Promise.all(traffic.map((one) => one.report()))).flat()
  // What has just begun is with the peer within a moment.
  await setTimeout(1000)
  const start = await reports()
  const doomed = withoutIsp1 ? await lab.connectionsOf(lab.a, 1) : 0
  const fresh = await openNew(lab.network)
  const before = lab.timesActive()
  const entries = [await entriesOf(lab.a), await entriesOf(lab.b)] as const
  await run(lab)
  await lab.untilTold(before + changes)
  await setTimeout(Math.min(watchMs, 5000))
  const byKind = await reports()
  const { tried, failed, failingMs } = await fresh.report()
  await setTimeout(Math.max(0, watchMs - 5000))
  for (const one of traffic) await one.stop()
  const sum = (of: (report: KindReport) => number) => byKind.reduce((total, report) => total + of(report), 0)
  return {
    brokenBefore: start.reduce((total, report) => total + report.broken, 0),
    connections: sum(({ count }) => count) - doomed,
    broken: Math.max(0, sum(({ broken }) => broken) - doomed),
    silenceMs: Math.round(Math.max(...byKind.map(({ silenceMs }) => silenceMs))),
    ...{ newTried: tried, newFailed: failed, newFailingMs: Math.round(failingMs) },
    ...{ changes: lab.timesActive() - before, entries, byKind },
  }
}
