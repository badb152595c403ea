import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

/** Runs the program from its sources, which need no build; for calls that end before the host is looked at. */
async function ifbalance(...args: readonly string[]) {
  const program = join(import.meta.dirname, '../../../src/main.ts')
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const code = new Promise((resolve) => child.on('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, stdout, stderr: stderr.replaceAll(/^<\d>|^ifbalance: /gm, '') }
}

test.each([
  [[], 'a command is missing (see ifbalance --help)\n'],
  [['stauts'], 'unknown command "stauts"; did you mean status? (see ifbalance --help)\n'],
  [['__proto__'], 'unknown command "__proto__" (see ifbalance --help)\n'],
  [['constructor'], 'unknown command "constructor" (see ifbalance --help)\n'],
  [['x\u001b[31m'], 'unknown command "x\uFFFD[31m" (see ifbalance --help)\n'],
  [['--jsn'], 'unknown command "--jsn" (see ifbalance --help)\n'],
  [['status', '--jsn'], "Unknown option '--jsn' (see ifbalance --help)\n"],
  [['status', '--json=yes'], "Option '--json' does not take an argument (see ifbalance --help)\n"],
  [['plan', 'now'], "Unexpected argument 'now' (see ifbalance --help)\n"],
  [['down', '--force'], "Unknown option '--force' (see ifbalance --help)\n"],
] as const)('%j is misuse: exit code 2, one line on standard error', async (args, stderr) => {
  expect(await ifbalance(...args)).toEqual({ code: 2, stdout: '', stderr })
})

test.each([[['--help']], [['-h']], [['apply', '--help']], [['status', '--json', '-h']]])('%j helps', async (args) => {
  const { code, stdout, stderr } = await ifbalance(...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^Usage: ifbalance COMMAND/)
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(88)
})

test.each(['--version', '-V'])('%s', async (flag) => {
  expect(await ifbalance(flag)).toEqual({ code: 0, stdout: 'ifbalance (from source)\n', stderr: '' })
})

test('a full disk behind standard output is an error, told in one line', async () => {
  const full = openSync('/dev/full', 'w')
  const program = join(import.meta.dirname, '../../../src/main.ts')
  const child = spawn(process.execPath, [program, '--help'], { stdio: ['ignore', full, 'pipe'] })
  closeSync(full)
  const code = new Promise((resolve) => child.on('close', resolve))
  if (child.stderr === null) throw new Error('no standard error to read')
  expect(await text(child.stderr)).toMatch(/^\S+ ?writing the output: ENOSPC: no space left on device, write\n$/)
  expect(await code).toBe(1)
})

test('a reader that went away is no error', async () => {
  const program = join(import.meta.dirname, '../../../src/main.ts')
  const child = spawn(process.execPath, [program, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  const code = new Promise((resolve) => child.on('close', resolve))
  expect(await text(child.stderr)).toBe('')
  expect(await code).toBe(0)
})
