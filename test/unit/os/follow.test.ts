import { expect, test } from 'vitest'
import { type Failure, hasCode } from '../../../src/os/error.ts'
import { follow } from '../../../src/os/follow.ts'
import { patienceMs } from '../../lab/patience.ts'

/** Follows a program of this one's own kind until it ends. */
async function linesOf(script: string): Promise<{ readonly lines: readonly string[]; readonly failure: Failure }> {
  const lines: string[] = []
  const failure = await new Promise<Failure>((onEnd) => {
    follow(process.execPath, ['-e', script], { onLine: (line) => lines.push(line), onEnd })
  })
  return { lines, failure }
}

test('hands on each line, however it arrives', async () => {
  const script = `process.stdout.write('one\\ntw'); setTimeout(() => process.stdout.write('o\\n\\nhalf'), 50)`
  const { lines, failure } = await linesOf(script)
  expect(lines).toEqual(['one', 'two', ''])
  expect(failure).toMatchObject({ exitCode: 0, message: `${process.execPath}: ended with code 0` })
})

test('keeps no more of a line than its beginning', async () => {
  const script = `for (let i = 0; i < 500; i++) process.stdout.write('x'.repeat(10_000)); process.stdout.write('\\nnext\\n')`
  const { lines } = await linesOf(script)
  expect(lines).toEqual(['x'.repeat(4096), 'next'])
})

test('a program that is not there has ended', async () => {
  const failure = await new Promise<Failure>((onEnd) => {
    follow('/nonexistent/program', [], { onLine: () => undefined, onEnd })
  })
  expect(failure.message).toMatch(/^\/nonexistent\/program: .*ENOENT/)
  expect(hasCode(failure, 'ENOENT')).toBe(true)
})

test('after stop, not a word', async () => {
  let words = 0
  const pid = await new Promise<number>((resolve) => {
    const stop = follow(process.execPath, ['-e', 'console.log(process.pid); setInterval(() => console.log("x"), 1)'], {
      onLine: (line) => {
        words += 1
        stop()
        resolve(Number(line))
      },
      onEnd: () => {
        words += 1
      },
    })
  })
  // Signal 0 asks whether the process is still there.
  await expect.poll(() => isThere(pid), { timeout: patienceMs }).toBe(false)
  expect(words).toBe(1)
})

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
