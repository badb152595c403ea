/**
 * Lines of 8 and 2 Mbit/s with fair queues and far ends, on Debian's own kernel, which has CAKE and netem: in such queues probes do
 * not wait, so what lines carry has to be found out from rates alone. Nobody says anything.
 */
import { afterAll, describe, expect, test } from 'vitest'
import { disposer } from '../lab/disposer.ts'
import { record } from '../lab/measurements.ts'
import { bootEmulated, lacksEmulator } from './machine.ts'
import { projectFolder } from './paths.ts'
import type { FairLines } from './seen.ts'

const undo = disposer()

describe.skipIf(lacksEmulator())('CAKE', () => {
  afterAll(() => undo.dispose())

  test('lines of 8 and 2 Mbit/s carry what they can, without a word', async () => {
    const machine = await bootEmulated(undo, { progress: (line) => process.stdout.write(`  ${line}\n`) })
    const script = `${projectFolder}/test/emulated/programs/fair-lines.js`
    const seen: FairLines = JSON.parse(await machine.run(`${projectFolder}/node ${script}`))
    process.stdout.write(`  ${JSON.stringify(seen)}\n`)
    expect(seen.queues).toMatch(/qdisc netem .*\bdelay 10ms[\s\S]*qdisc cake .*\bbandwidth 8Mbit/)
    expect(seen.failed).toBe(0)
    const figure = { unit: '%', limit: null, release: 'trixie kernel, emulated', stack: 'CAKE, netem' } as const
    record({ ...figure, name: 'of 8 + 2 Mbit/s, carried in the first half minute', value: 100 * seen.first })
    record({ ...figure, name: 'of 8 + 2 Mbit/s, carried after it', value: 100 * seen.after, least: 90 })
    const [quick = 0, slow = 1] = seen.weights
    expect(quick).toBeGreaterThan(2 * slow)
  })
})
