/**
 * Lines that are bad rather than dead, on Debian's own kernel, which has netem: see programs/bad-lines.ts. Times are those
 * of the emulated machine's own clock, of a processor several times slower than real ones.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disposer } from '../lab/disposer.ts'
import { bootEmulated, lacksEmulator } from './machine.ts'
import { projectFolder } from './paths.ts'
import type { Scenario, Seen } from './seen.ts'

const undo = disposer()
let seen: Readonly<Record<Scenario, Seen>>

describe.skipIf(lacksEmulator())('netem', () => {
  beforeAll(async () => {
    const machine = await bootEmulated(undo, { progress: (line) => process.stdout.write(`  ${line}\n`) })
    const script = `${projectFolder}/test/emulated/programs/bad-lines.js`
    seen = JSON.parse(await machine.run(`${projectFolder}/node ${script}`, 900_000))
  }, 1_200_000)
  afterAll(() => undo.dispose())

  /** Whatever becomes of the bad line, connections of the good one go on. */
  const untouched = {
    badLineBefore: expect.toSatisfy((share: number) => share > 0 && share < 1),
    healthy: expect.toSatisfy((count: number) => count > 0),
    healthyLost: 0,
  }
  const within = (ms: number) => expect.toSatisfy((took: number) => took < ms)

  test('B4 loss one way, either way: the line is out, and back once it is mended', () => {
    expect(seen.loss).toMatchObject({
      left: within(3000),
      back: within(10_000),
      leftAgain: within(3000),
      goodDuring: 1,
      badLineDuring: 0,
      ...untouched,
    })
  })

  test('B4 half of the answers lost: the line is demoted, not lost', () => {
    expect(seen['lossy line']).toMatchObject({ online: true, degraded: true })
  })

  test('B5 3 s latency: the line is demoted, carries when it is alone, and returns once it is quick', () => {
    expect(seen.latency).toMatchObject({
      left: within(3000),
      demoted: within(30_000),
      back: within(60_000),
      carriers: 'wan1',
      goodDuring: 1,
      badLineDuring: 0,
      goodAlone: 1,
      ...untouched,
    })
  })

  test('T1 the date is set a day ahead, and two back: nothing happens', () => {
    expect(seen.clock).toMatchObject({
      carriers: 'wan1,wan2',
      failures: 0,
      goodDuring: 1,
      badLineDuring: expect.toSatisfy((share: number) => share > 0 && share < 1),
      ...untouched,
    })
  })

  test('B9 a brown-out that comes and goes: used less the more often it fails, and as before once it is over', () => {
    expect(seen.brownout).toMatchObject({
      failures: expect.toSatisfy((count: number) => count >= 1 && count <= 3),
      good: expect.toSatisfy((share: number) => share > 0.8),
      badLineAfter: expect.toSatisfy((count: number) => count > 0),
      ...untouched,
    })
  })
})
