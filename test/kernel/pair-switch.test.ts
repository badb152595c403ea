/** Two routers as one, with keepalived and conntrackd as docs/examples/pair has them: what becomes of connections at a switch. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { record } from '../lab/measurements.ts'
import { boot, deadLine, lateStates, mended, type PairCase, play, powerLoss, switchByHand } from '../lab/pair/cases.ts'
import { type PairLab, pairLab } from '../lab/pair/lab.ts'

let lab: PairLab

// What has to be waited for comes later on a busy machine: the peer's takeover, too, for which deletions wait.
const more = '[ha]\nready = 2\nhold = 60\n'

beforeAll(async () => {
  const files = { ifbalance: 'ifbalance.conf', keepalived: 'keepalived.conf', conntrackd: 'conntrackd.conf' }
  lab = await pairLab({ ...files, addresses: 'static', more })
})

afterAll(() => lab?.dispose())

const cases: readonly PairCase[] = [switchByHand, lateStates, deadLine, mended, powerLoss, boot]

test.each(cases.map((one) => [one.name, one] as const))('%s: no connection is lost', async (name, one) => {
  const { brokenBefore, broken, silenceMs, byKind } = await play(one, lab)
  expect([brokenBefore, broken, byKind.filter(({ errors }) => errors.length > 0)]).toEqual([0, 0, []])
  const figure = {
    name: `two routers, ${name} -> silence of 50 connections`,
    value: silenceMs / 1000,
    unit: 's',
  } as const
  record({ ...figure, limit: one.limitMs / 1000, release: 'namespaces', stack: 'static' })
})
