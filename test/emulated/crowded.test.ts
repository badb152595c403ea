/** R1 on Debian's own kernel: there, unlike on a shared machine, the connection table may be made as large as is wanted. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disposer } from '../lab/disposer.ts'
import { isStrict, median, record } from '../lab/measurements.ts'
import { bootEmulated, type EmulatedMachine, lacksEmulator } from './machine.ts'
import { projectFolder } from './paths.ts'
import type { Crowded } from './seen.ts'

const undo = disposer()
let machine: EmulatedMachine

/** A million take two minutes to make. */
const connections = isStrict ? 1_000_000 : 50_000
const many = `${connections.toLocaleString('en')} connections in the table`

describe.skipIf(lacksEmulator())('a crowded connection table', () => {
  beforeAll(async () => {
    machine = await bootEmulated(undo, {
      megabytes: 2500,
      progress: (line) => process.stdout.write(`  ${line}\n`),
    })
  })
  afterAll(() => undo.dispose())

  test(`R1 failover with ${many} is not slower than with none`, async () => {
    const script = `${projectFolder}/test/emulated/programs/crowded.js`
    const printed = await machine.run(`${projectFolder}/node ${script} 0 0 ${connections}`)
    const rounds: readonly Crowded[] = JSON.parse(printed)
    expect(rounds).toHaveLength(3)
    process.stdout.write(`  ${printed.trim()}\n`)
    const middle = (some: readonly Crowded[], of: (round: Crowded) => number) => median(some.map(of)) / 1000
    const [none, crowded] = [rounds.slice(0, 2), rounds.slice(2)]
    const say = (name: string, value: number, limit: number | null) =>
      record({ name, value, unit: 's', limit, release: 'trixie kernel, emulated', stack: 'static' })
    const all = ({ good }: Crowded) => good
    say('silent blackhole -> new connections good, no connections in the table', middle(none, all), null)
    say(`silent blackhole -> new connections good, ${many}`, middle(crowded, all), null)
    say('silent blackhole -> new connections good, the worst of all', Math.max(...rounds.map(all)) / 1000, 2)
    // When a line is found dead moves by some tenths of a second, with the moment of the probes, and needs no table.
    const afterwards = ({ good, verdict }: Crowded) => good - verdict
    const slower = middle(crowded, afterwards) - middle(none, afterwards)
    say(`line found dead -> new connections good: ${many} against none`, slower, 0.2)
  })
})
