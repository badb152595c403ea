/** `ifbalance import` as it is called: what comes out where, and the exit code. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const cases = 'test/unit/import/cases'

function imported(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['src/main.ts', 'import', ...args], {
    cwd: root,
    encoding: 'utf8',
  })
  return { code: status, stdout, stderr: stderr.replaceAll(/^<\d>|^ifbalance: /gm, '') }
}

test('prints a configuration on standard output, and ends with 0 where it says everything', () => {
  const folder = `${cases}/shorewall/01-two-providers`
  const { code, stdout, stderr } = imported(
    'shorewall',
    ...['providers', 'masq', 'mangle'].map((name) => `${folder}/${name}`),
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^\[uplink fibre\]\ninterface = eth0$/m)
})

test('tells what it cannot say with file and line on standard error, and ends with 1', () => {
  const file = `${cases}/mwan3/04-sets-and-negations/mwan3`
  const { code, stdout, stderr } = imported('mwan3', file)
  expect(code).toBe(1)
  expect(stdout).toMatch(/^\[rule nas\]$/m)
  expect(stderr).toContain(`${file}:24: rule "streams": left out: ipset "video": `)
})

test.each([
  [['shorwall', 'x'], 2, 'expected mwan3 or shorewall; did you mean shorewall? (see ifbalance --help)\n'],
  [['mwan3'], 2, 'expected 1 to 32 files (see ifbalance --help)\n'],
  [['mwan3', '/proc/self/none'], 1, 'reading /proc/self/none: ENOENT: no such file or directory\n'],
  [['mwan3', '/dev/zero'], 1, 'reading /dev/zero: not a regular file\n'],
] as const)('%j: nothing but a reason', (args, code, reason) => {
  const { stderr, ...rest } = imported(...args)
  expect(rest).toEqual({ code, stdout: '' })
  expect(stderr).toBe(reason)
})
