/** The only file that runs programs. */
import { execa } from 'execa'

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

/** A million routes print about 100 MB; more than this is not a state that we could manage. */
const maxOutput = 256 * 1024 * 1024

/**
 * Runs a program by absolute path with arguments as they are (no shell), LC_ALL=C and nothing of our environment,
 * bounded in time and output.
 *
 * Throws an Error `PROGRAM ARGS: cause` when it cannot be started, is killed, or ends with a code not in `accept`.
 */
export async function run(program: string, args: readonly string[], options: Options = {}): Promise<Result> {
  const { input, accept = [0], timeoutMs = 10_000, env = {} } = options
  const result = await execa(program, args, {
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    env: { ...env, LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: maxOutput,
  })
  const { stdout, stderr, exitCode } = result
  if (exitCode === undefined || !accept.includes(exitCode)) {
    const cause = stderr.trim() || result.originalMessage || `exit code ${exitCode ?? 'none'}`
    throw new Error(`${[program, ...args].join(' ')}: ${cause}`)
  }
  return { stdout, stderr, exitCode }
}

export interface Running {
  /** Writes a line and waits for the program's first output. Throws when it ends instead. */
  answers(line: string): Promise<void>
  /** Closes its input and waits for its end. */
  end(): Promise<void>
}

/** Starts a program that works for as long as its input is open, which our own death closes too. */
export function start(program: string, args: readonly string[]): Running {
  const child = execa(program, args, {
    env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    extendEnv: false,
    reject: false,
    buffer: { stdout: false },
  })
  // Writing to one that has ended is no error of ours: its exit says what happened.
  child.stdin.on('error', () => {})
  return {
    answers(line) {
      return new Promise((resolve, reject) => {
        child.stdout.once('data', () => resolve())
        child.then(({ exitCode, stderr }) =>
          reject(new Error(`${[program, ...args].join(' ')}: ${stderr.trim() || `exit code ${exitCode ?? 'none'}`}`)),
        )
        child.stdin.write(`${line}\n`)
      })
    },
    async end() {
      child.stdin.end()
      child.stdout.resume()
      await child
    },
  }
}
