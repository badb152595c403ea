import { expect, test } from 'vitest'
import { busRefusalIn, Failure, hasCode } from '../../../src/os/error.ts'
import { run } from '../../../src/os/run.ts'

const system = Object.assign(new Error('connect EACCES /run/x'), { code: 'EACCES' })

test('a code is found behind an error that tells what was being done', () => {
  const failure = new Failure('daemon-unreachable', 'asking the daemon to status: connect EACCES /run/x', {
    cause: system,
  })
  expect(hasCode(failure, 'EACCES')).toBe(true)
  expect(hasCode(failure, 'ENOENT', 'daemon-unreachable')).toBe(true)
  expect(hasCode(failure, 'ENOENT')).toBe(false)
  expect(hasCode('EACCES', 'EACCES')).toBe(false)
})

test('an error that is its own cause ends', () => {
  const failure = new Error('a circle')
  failure.cause = failure
  expect(hasCode(failure, 'ENOENT')).toBe(false)
})

test('what a callee on the bus said is found behind the call, whatever its text looks like', () => {
  const refusal = new Failure('bus-refused', 'calling x: a.b: c', { busError: 'org.example.No' })
  const call = new Failure('bus-refused', 'calling org.example.Face.Do: org.example.No: ...', { cause: refusal })
  expect(busRefusalIn(call)).toEqual({ name: 'org.example.No', text: 'calling x: a.b: c' })
  expect(busRefusalIn(new Failure('timeout', 'calling a.b: org.example.No: none'))).toBeNull()
})

test.each([
  ['/nonexistent', [], {}, { code: 'program-not-started', exitCode: undefined }],
  ['/bin/sh', ['-c', 'exit 3'], {}, { code: 'program-failed', exitCode: 3 }],
  ['/bin/sleep', ['600'], { timeoutMs: 1 }, { code: 'timeout' }],
  ['/usr/bin/yes', [], { maxOutput: 10 }, { code: 'too-large' }],
] as const)('%s %s', async (program, args, options, failure) => {
  await expect(run(program, args, options)).rejects.toMatchObject(failure)
})

test('a program that is not there has the system’s code, too', async () => {
  const error: unknown = await run('/nonexistent', []).catch((cause: unknown) => cause)
  expect(hasCode(error, 'ENOENT')).toBe(true)
})
