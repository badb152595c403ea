/** The package for arm64, on Debian's own kernel for it: it installs, balances, fails over, and goes, as Debian's tests of it see. */
import { afterAll, describe, test } from 'vitest'
import { disposer } from '../lab/disposer.ts'
import { bootEmulated, lacksEmulator } from './machine.ts'
import { projectFolder } from './paths.ts'

const undo = disposer()

describe.skipIf(lacksEmulator('arm64'))('arm64', () => {
  afterAll(() => undo.dispose())

  test('the package is installed on a booted Debian, balances, fails over and is purged', async () => {
    const progress = (line: string) => process.stdout.write(`  ${line}\n`)
    const machine = await bootEmulated(undo, { root: 'arm64', progress })
    const steps = [
      // What it depends on is there, and not set up.
      `dpkg --force-depends --force-unsafe-io --install ${projectFolder}/deb`,
      `${projectFolder}/debian/tests/balance`,
      `${projectFolder}/debian/tests/purge`,
    ]
    for (const step of steps) {
      const began = performance.now()
      await machine.run(step)
      progress(`${step}: ${((performance.now() - began) / 1000).toFixed(0)} s`)
    }
  })
})
