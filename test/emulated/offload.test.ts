/** `offload = yes` on Debian's own kernel, which has flowtables: see programs/offload.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disposer } from '../lab/disposer.ts'
import { record } from '../lab/measurements.ts'
import { bootEmulated, type EmulatedMachine, lacksEmulator } from './machine.ts'
import { projectFolder } from './paths.ts'

const undo = disposer()
let machine: EmulatedMachine

describe.skipIf(lacksEmulator())('offload', () => {
  beforeAll(async () => {
    machine = await bootEmulated(undo, { progress: (line) => process.stdout.write(`  ${line}\n`) })
  })
  afterAll(() => undo.dispose())

  test('established connections go past the rules, each by its own uplink; a failover takes them out again', async () => {
    const seen = JSON.parse(
      await machine.run(`${projectFolder}/node ${projectFolder}/test/emulated/programs/offload.js`, 600_000),
    )
    const some = expect.toSatisfy((count: number) => count > 0)
    expect(seen).toMatchObject({
      plan: 'Nothing to change.',
      // Not one packet in five seconds.
      slowShare: 0,
      offloadedBefore: [some, some],
      offloadedAfter: [seen.offloadedBefore[0], 0],
      healthy: seen.offloadedBefore[0],
      healthyLost: 0,
      dead: seen.offloadedBefore[1],
    })
    const name = 'silent blackhole -> left out, with offload'
    record({ name, value: seen.took / 1000, unit: 's', limit: 3, release: 'trixie kernel, emulated', stack: 'static' })
  })
})
