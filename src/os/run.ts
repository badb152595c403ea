/**
 * Runs programs that end by themselves, within bounds of time and output. By nothing but child_process: a round starts four
 * programs before the first route changes, and each is a wait of this process until the other one runs.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import type { Readable } from 'node:stream'
import { Failure } from './error.ts'
import { messageOf } from './log.ts'

export interface Result {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export interface Options {
  readonly input?: string
  /** Exit codes that are no failure; default: 0 alone. */
  readonly accept?: readonly number[]
  readonly timeoutMs?: number
  /** Bytes that it may print on standard output, and on standard error; default: 16 MiB. */
  readonly maxOutput?: number
  /** Variables of its environment besides LC_ALL and PATH. */
  readonly env?: Readonly<Record<string, string>>
  /** A descriptor of ours that becomes the program's standard input. */
  readonly descriptor?: number
}

/** The environment of every program that we run, whoever started us. */
export const environment = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } as const

/**
 * Runs a program by absolute path with arguments as they are (no shell), LC_ALL=C and nothing of our environment,
 * bounded in time and output: at either bound the program and all that it started (its process group) are killed.
 *
 * Throws a Failure `PROGRAM ARGS: cause` when it cannot be started, is killed, or ends with a code not in `accept`.
 */
export async function run(program: string, args: readonly string[], options: Options = {}): Promise<Result> {
  const { input, accept = [0], timeoutMs = 10_000, maxOutput = 16 * 1024 * 1024, env = {}, descriptor } = options
  const failure = (code: Failure['code'], cause: string, more = {}) =>
    new Failure(code, `${[program, ...args].join(' ')}: ${cause}`, more)
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const child = started(() =>
    spawn(program, args, {
      stdio: [input === undefined ? (descriptor ?? 'ignore') : 'pipe', 'pipe', 'pipe'],
      env: { ...env, ...environment },
      // A process group of its own can be killed as a whole: a grandchild that lives on would keep the pipes open, and
      // us waiting.
      detached: true,
    }),
  )
  if (child instanceof Error) throw failure('program-not-started', child.message, { cause: child })

  // A bound that was reached is a failure whatever the exit code: half an answer is none.
  let bound: Failure | null = null
  const end = (code: 'timeout' | 'too-large', cause: string) => {
    bound ??= failure(code, cause)
    killGroup(child.pid)
  }
  const timer = setTimeout(() => end('timeout', `no end within ${timeoutMs} ms`), timeoutMs)
  const tooLong = () => end('too-large', `more than ${maxOutput} bytes`)
  const stdout = collect(child.stdout, maxOutput, tooLong)
  const stderr = collect(child.stderr, maxOutput, tooLong)
  child.on('error', (error) => reject(failure('program-not-started', error.message, { cause: error })))
  // 'close' comes when its output was read to the end, unlike 'exit'.
  child.on('close', (code, signal) => {
    const result = { stdout: stdout(), stderr: stderr(), exitCode: code ?? -1 }
    if (bound !== null) reject(bound)
    else if (code !== null && accept.includes(code)) resolve(result)
    else {
      const cause = result.stderr.trim() || (code === null ? `ended by ${signal}` : `exit code ${code}`)
      reject(failure('program-failed', cause, code === null ? {} : { exitCode: code }))
    }
  })
  // A program that ends without having read all of its input says by its exit code what that means.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  return promise.finally(() => clearTimeout(timer))
}

/** spawn() throws where memory or descriptors are lacking, but tells of a missing program later. */
export function started<T extends ChildProcess>(start: () => T): T | Error {
  try {
    return start()
  } catch (error) {
    return error instanceof Error ? error : new Failure('program-not-started', messageOf(error))
  }
}

/** Keeps what comes, up to so many bytes; returns what gives it as text. */
function collect(stream: Readable | null, limit: number, onTooMuch: () => void): () => string {
  const chunks: Buffer[] = []
  let length = 0
  stream?.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > limit) return onTooMuch()
    chunks.push(chunk)
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

/** Throws a Failure where the program is not there or cannot be run. */
export function requireProgram(program: string): void {
  try {
    accessSync(program, constants.X_OK)
  } catch (error) {
    throw new Failure('program-not-started', `looking for ${program}: ${messageOf(error)}`, { cause: error })
  }
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // The group has ended by itself.
  }
}
