/** What needs Debian's own kernels and little time: flowtables (programs/offload.ts), IPsec (programs/translation.ts). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { disposer } from '../lab/disposer.ts'
import { record } from '../lab/measurements.ts'
import { bootEmulated, type EmulatedMachine, lacksEmulator } from './machine.ts'
import { projectFolder } from './paths.ts'

const kernels = [
  { kernel: '6.12, of Debian 13', root: 'cloud' },
  { kernel: '6.1, of Debian 12', root: 'cloud of bookworm' },
] as const

describe.skipIf(lacksEmulator()).each(kernels)('on Linux $kernel', ({ kernel, root }) => {
  const undo = disposer()
  let machine: EmulatedMachine

  beforeAll(async () => {
    machine = await bootEmulated(undo, { root, progress: (line) => process.stdout.write(`  ${line}\n`) })
    expect(kernel).toContain(/^\d+\.\d+/.exec(await machine.run('uname -r'))?.[0] ?? 'none')
  })
  afterAll(() => undo.dispose())

  if (root === 'cloud')
    test('established connections go past the rules, each by its own uplink, and are counted; a failover and their end take them out', async () => {
      const seen = JSON.parse(
        await machine.run(`${projectFolder}/node ${projectFolder}/test/emulated/programs/offload.js`),
      )
      const some = expect.toSatisfy((count: number) => count > 0)
      expect(seen).toMatchObject({
        plan: 'Nothing to change.',
        // Not one packet in five seconds.
        slowShare: 0,
        // A busy machine's clock is not even. TCP's acknowledgements are packets, too.
        countedShare: expect.toSatisfy((share: number) => share > 0.8),
        offloadedBefore: [some, some],
        offloadedAfter: [seen.offloadedBefore[0], 0],
        healthy: seen.offloadedBefore[0],
        healthyLost: 0,
        dead: seen.offloadedBefore[1],
      })
      const name = 'silent blackhole -> left out, with offload'
      record({
        name,
        value: seen.took / 1000,
        unit: 's',
        limit: 3,
        release: 'trixie kernel, emulated',
        stack: 'static',
      })
    })

  test("what an IPsec policy is for is not translated, of the LAN and the host, in both families, also what began before it; and others' rules are read with its tools", async () => {
    const seen = JSON.parse(
      await machine.run(`${projectFolder}/node ${projectFolder}/test/emulated/programs/translation.js`),
    )
    expect(seen).toMatchObject({
      // Twenty of the LAN's, twenty of the host's own.
      before: { inet: { sealed: 0, clear: 40 }, inet6: { sealed: 0, clear: 40 } },
      ipsec: { inet: { sealed: 40, clear: 0 }, inet6: { sealed: 40, clear: 0 } },
      without: { inet: { sealed: 0, clear: 40 }, inet6: { sealed: 0, clear: 40 } },
      plan: 'Nothing to change.',
      legacy: {
        unasked: 'none',
        asked: '1',
        saved: expect.stringContaining('-A POSTROUTING -d 198.51.100.77/32 -j ACCEPT'),
      },
    })
  })
})
