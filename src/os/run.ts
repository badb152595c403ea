/** Runs programs that end by themselves, within bounds of time and output. */
import { accessSync, constants } from 'node:fs'
import { execa } from 'execa'
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
  /** Bytes that it may print on standard output; default: 16 MiB. */
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
  const child = execa(program, args, {
    // execa takes any descriptor; its types (version 10) know only the standard ones.
    ...(input === undefined ? { stdin: (descriptor ?? 'ignore') as 0 | 'ignore' } : { input }),
    env: { ...env, ...environment },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    // A process group of its own can be killed as a whole: a grandchild that lives on would keep the pipes open, and us
    // waiting.
    detached: true,
    maxBuffer: maxOutput,
  })
  let late = false
  const timer = setTimeout(() => {
    late = true
    killGroup(child.pid)
  }, timeoutMs)
  const result = await child
  clearTimeout(timer)
  if (result.isMaxBuffer) killGroup(child.pid)
  const { stdout, stderr, exitCode } = result
  // A bound that was reached is a failure whatever the exit code: half an answer is none.
  const bound = late ? `no end within ${timeoutMs} ms` : result.isMaxBuffer ? `more than ${maxOutput} bytes` : null
  if (bound !== null || exitCode === undefined || !accept.includes(exitCode)) {
    const cause = bound ?? (stderr.trim() || result.originalMessage || `exit code ${exitCode ?? 'none'}`)
    throw new Failure(codeOf(late, result), `${[program, ...args].join(' ')}: ${cause}`, {
      cause: result.cause,
      ...(exitCode === undefined ? {} : { exitCode }),
    })
  }
  return { stdout, stderr, exitCode }
}

function codeOf(
  late: boolean,
  { isMaxBuffer, exitCode }: { readonly isMaxBuffer: boolean; readonly exitCode?: number },
) {
  if (late) return 'timeout'
  if (isMaxBuffer) return 'too-large'
  return exitCode === undefined ? 'program-not-started' : 'program-failed'
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
