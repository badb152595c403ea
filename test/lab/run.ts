/** How tests run a program to its end. Of its own: a fault in src/os/run.ts must not hide behind a lab that has it as well. */
import { execa } from 'execa'
import { hangsMs } from './patience.ts'

export interface Result {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export interface Options {
  readonly input?: string
  /** Exit codes that are no failure; 0 alone unless said. */
  readonly accept?: readonly number[]
  readonly timeoutMs?: number
  /** What the program has in its environment besides LC_ALL and PATH. */
  readonly env?: Readonly<Record<string, string>>
}

/** Throws `PROGRAM ARGS: cause` for another exit code, and when time is up: then all that it started is killed as well. */
export async function run(program: string, args: readonly string[], options: Options = {}): Promise<Result> {
  const { input, accept = [0], timeoutMs = hangsMs / 3, env = {} } = options
  const child = execa(program, args, {
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    // A group of its own, to be killed as a whole: who holds the pipes open keeps us waiting.
    detached: true,
  })
  const late = AbortSignal.timeout(timeoutMs)
  const kill = () => killGroup(child.pid)
  late.addEventListener('abort', kill)
  const { stdout, stderr, exitCode, originalMessage } = await child
  late.removeEventListener('abort', kill)
  if (!late.aborted && exitCode !== undefined && accept.includes(exitCode)) return { stdout, stderr, exitCode }
  const cause = late.aborted ? `no end within ${timeoutMs} ms` : stderr.trim() || originalMessage
  throw new Error(`${[program, ...args].join(' ')}: ${cause ?? `exit code ${exitCode}`}`)
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended by itself.
  }
}
