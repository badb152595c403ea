/** Programs whose output is read by the text line, and not kept: it may be more than anyone wants in memory. */
import { Failure } from './error.ts'
import { follow } from './follow.ts'

/** A million text lines take seconds; a program that takes longer than this hangs. */
const timeoutMs = 120_000
/** Text lines of standard error that are told. */
const mostErrors = 20

/**
 * Runs a program by absolute path with arguments as they are (no shell), hands on each text line of its output and
 * keeps none. Throws a Failure `PROGRAM ARGS: cause` when it cannot be started, takes too long, or ends with another
 * code than 0.
 */
export async function eachLine(
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const failed = (code: Failure['code'], cause: string) =>
    reject(new Failure(code, `${[program, ...args].join(' ')}: ${cause}`))
  const errors: string[] = []
  const stop = follow(program, args, {
    onLine,
    onErrorLine: (line) => {
      if (errors.length < mostErrors) errors.push(line)
    },
    onEnd: ({ code, exitCode, message }) =>
      exitCode === 0 ? resolve() : failed(code, errors.join('\n').trim() || message),
  })
  const timer = setTimeout(() => {
    stop()
    failed('timeout', `no end within ${timeoutMs} ms`)
  }, timeoutMs)
  return promise.finally(() => clearTimeout(timer))
}
