/** R1 on Debian's own kernel: there, unlike on a shared machine, the connection table may be made as large as is wanted. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disposer } from '../lab/disposer.ts'
import { median, record } from '../lab/measurements.ts'
import { bootEmulated, type EmulatedMachine, lacksEmulator } from './machine.ts'
import { projectFolder } from './paths.ts'

const undo = disposer()
let machine: EmulatedMachine

describe.skipIf(lacksEmulator())('a million connections', () => {
  beforeAll(async () => {
    machine = await bootEmulated(undo, {
      megabytes: 2500,
      progress: (line) => process.stdout.write(`  ${line}\n`),
    })
  })
  afterAll(() => undo.dispose())

  test('R1 failover with 1,000,000 connections in the table is not slower than with none', async () => {
    const script = `${projectFolder}/test/emulated/programs/crowded.js`
    const printed = await machine.run(`${projectFolder}/node ${script} 0 0 0 1000000 1000000 1000000`, 800_000)
    const times: readonly number[] = JSON.parse(printed)
    expect(times).toHaveLength(6)
    process.stdout.write(`  ms, three times each: ${times.map(Math.round).join(', ')}\n`)
    const value = (median(times.slice(3)) - median(times.slice(0, 3))) / 1000
    record({
      name: 'silent blackhole -> new connections good: 1,000,000 connections in the table against none',
      value,
      unit: 's',
      limit: 0.2,
      release: 'trixie kernel, emulated',
      stack: 'static',
    })
    expect(value).toBeLessThanOrEqual(0.2)
  })
})
