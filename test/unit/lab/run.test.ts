import { expect, test } from 'vitest'
import { run } from '../../lab/run.ts'

const sh = '/bin/sh'

test('gives what a program says, and has nothing of our environment', async () => {
  expect(await run(sh, ['-c', 'cat; echo >&2 no; exit 3'], { input: 'yes', accept: [3] })).toEqual({
    ...{ stdout: 'yes', stderr: 'no\n', exitCode: 3 },
  })
  const { stdout } = await run('/usr/bin/env', [], { env: { ROOM: '7' } })
  expect(stdout.split('\n').filter(Boolean).sort()).toEqual([
    'LC_ALL=C',
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    'ROOM=7',
  ])
})

test('says what failed, and why', async () => {
  await expect(run(sh, ['-c', 'echo >&2 no; exit 3'])).rejects.toThrow('/bin/sh -c echo >&2 no; exit 3: no')
  await expect(run('/bin/false', [])).rejects.toThrow('/bin/false: exit code 1')
  await expect(run('/nowhere/at-all', ['x'])).rejects.toThrow(/^\/nowhere\/at-all x: .*ENOENT/)
})

test('when time is up, also what holds the pipes is ended', async () => {
  await expect(run(sh, ['-c', 'sleep 100 & sleep 100'], { timeoutMs: 50 })).rejects.toThrow('no end within 50 ms')
})
