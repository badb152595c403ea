/** PPPoE by real pppd and real concentrators, on Debian's own kernel: see programs/lines.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disposer } from '../lab/disposer.ts'
import { record } from '../lab/measurements.ts'
import { bootEmulated, lacksEmulator } from './machine.ts'
import { projectFolder } from './paths.ts'

const undo = disposer()

describe.skipIf(lacksEmulator())('lines by pppd', () => {
  let seen: Awaited<ReturnType<typeof play>>

  async function play() {
    const machine = await bootEmulated(undo, { root: 'ppp', progress: (line) => process.stdout.write(`  ${line}\n`) })
    return JSON.parse(await machine.run(`${projectFolder}/node ${projectFolder}/test/emulated/programs/lines.js`))
  }
  beforeAll(async () => {
    seen = await play()
  })
  afterAll(() => undo.dispose())

  const measured = (name: string, ms: number, limit: number) =>
    record({ name, value: ms / 1000, unit: 's', limit, release: 'trixie kernel, emulated', stack: 'pppd' })

  test('that were up before us carry, however their options are nested; name servers are asked by their line', () => {
    expect(seen).toMatchObject({ warnings: [] })
    measured('installed while two PPP lines are up -> both carry', seen.installed, 5)
  })

  test('one is dialled anew: the former address is told to its connections, the other line cuts none, the number stays', () => {
    expect(seen.redial).toMatchObject({ stuck: 'ECONNABORTED', other: '' })
    expect(seen.same).toBe(true)
  })

  test('the cable below the VLAN below PPPoE is pulled: the line is out at once, and says why', () => {
    expect(seen.cable).toMatchObject({ reason: 'no carrier on eth2, which it hangs on', other: '' })
    measured('the cable below PPPoE pulled -> left out', seen.cable.cut, 1)
  })
})
