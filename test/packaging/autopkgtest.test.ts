/** The package's own tests, by Debian's runner, in a booted machine of the lab that is the testbed. */
import { copyFileSync, cpSync, mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildDeb } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'

describe.each(['bookworm', 'trixie'] as const)('%s', (release) => {
  let lab: Lab

  beforeAll(async () => {
    const packages = ['autopkgtest', 'dpkg-dev', 'python3']
    lab = await createLab({
      release,
      stack: 'networkd',
      packages,
      progress: (line) => process.stdout.write(`  ${line}\n`),
    })
    const folder = `${lab.machine.root}/srv/tested`
    mkdirSync(folder, { recursive: true })
    copyFileSync(await buildDeb(), `${folder}/ifbalance.deb`)
    cpSync(`${import.meta.dirname}/../../debian`, `${folder}/tree/debian`, { recursive: true, verbatimSymlinks: true })
    await lab.boot()
  }, 1_500_000)
  afterAll(() => lab?.dispose(), 300_000)

  test('balance and purge pass', async () => {
    const { machine } = lab
    // A machine of the lab is thrown away, which the runner cannot know.
    const isolated = ['isolation-container', 'breaks-testbed'].map((name) => `--ignore-restrictions=${name}`)
    const argv = ['/usr/bin/autopkgtest', ...isolated, '/srv/tested/ifbalance.deb', '/srv/tested/tree/', '--', 'null']
    const { stdout, stderr, exitCode } = await machine.exec(argv, {
      accept: [0, 2, 4, 6, 8, 12, 16, 20],
      timeoutMs: 900_000,
    })
    const results = stdout.split('\n').filter((line) => /^(balance|purge) +(PASS|FAIL|SKIP)/.test(line))
    expect(new Set(results.map((line) => line.replace(/ +/g, ' ').trim())), `${stdout}${stderr}`).toEqual(
      new Set(['balance PASS', 'purge PASS']),
    )
    expect(exitCode).toBe(0)
  }, 1_200_000)
})
