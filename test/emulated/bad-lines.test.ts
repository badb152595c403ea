/**
 * Lines that are bad rather than dead, on Debian's own kernel, which has netem: see programs/bad-lines.ts. Times are those
 * of the emulated machine's own clock, of a processor several times slower than real ones.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disposer } from '../lab/disposer.ts'
import { record } from '../lab/measurements.ts'
import { bootEmulated, lacksEmulator } from './machine.ts'
import { projectFolder } from './paths.ts'
import type { Scenario, Seen } from './seen.ts'

const undo = disposer()
let seen: Readonly<Record<Scenario, Seen>>

describe.skipIf(lacksEmulator())('netem', () => {
  beforeAll(async () => {
    const machine = await bootEmulated(undo, { progress: (line) => process.stdout.write(`  ${line}\n`) })
    const script = `${projectFolder}/test/emulated/programs/bad-lines.js`
    seen = JSON.parse(await machine.run(`${projectFolder}/node ${script}`))
  })
  afterAll(() => undo.dispose())

  /** Whatever becomes of the bad line, connections of the good one go on. */
  const untouched = {
    badLineBefore: expect.toSatisfy((share: number) => share > 0 && share < 1),
    healthy: expect.toSatisfy((count: number) => count > 0),
    healthyLost: 0,
  }
  function measured(name: string, ms: unknown, limit: number): void {
    const value = Number(ms) / 1000
    record({ name, value, unit: 's', limit, release: 'trixie kernel, emulated', stack: 'netem' })
  }

  test('B4 loss one way, either way: the line is out, and back once it is mended', () => {
    expect(seen.loss).toMatchObject({
      goodDuring: 1,
      badLineDuring: 0,
      ...untouched,
    })
    measured('nothing goes out by a line -> left out', seen.loss['left'], 3)
    measured('mended -> in use', seen.loss['back'], 10)
    measured('nothing comes in by a line -> left out', seen.loss['leftAgain'], 3)
  })

  test('B4 half of the answers lost: the line is demoted, not lost', () => {
    expect(seen['lossy line']).toMatchObject({ carriers: 'wan1' })
  })

  test('B5 3 s latency: the line is demoted, carries when it is alone, and returns once it is quick', () => {
    expect(seen.latency).toMatchObject({
      carriers: 'wan1',
      goodDuring: 1,
      badLineDuring: 0,
      goodAlone: 1,
      ...untouched,
    })
    measured('3 s of latency -> used last', seen.latency['left'], 3)
    measured('3 s of latency -> told as degraded', seen.latency['demoted'], 30)
    measured('quick again -> in use', seen.latency['back'], 60)
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
      badLineAfter: expect.toSatisfy((count: number) => count > 0),
      ...untouched,
    })
    const figure = {
      name: 'new connections that were good in four brown-outs of 3 s',
      unit: '%',
      limit: null,
      least: 80,
    }
    record({
      ...figure,
      value: 100 * Number(seen.brownout['good']),
      release: 'trixie kernel, emulated',
      stack: 'netem',
    })
  })
})
