/** How the lab runs programs: one-shot ones, and long-lived ones to be ended by pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { patienceMs } from './patience.ts'
import { type Options, type Result, run } from './run.ts'

/** Runs a program to its end. Throws as `run` does. */
export function command(argv: readonly string[], options: Options = {}): Promise<Result> {
  const [program, ...args] = argv
  if (program === undefined) throw new Error('running a command: no program named')
  return run(program, args, options)
}

/** The argv that runs `argv` in a network namespace, seeing the outer file system. */
export function inNamespace(namespace: string, argv: readonly string[]): readonly string[] {
  return ['/usr/sbin/ip', 'netns', 'exec', namespace, ...argv]
}

/** Runs several `ip` command lines in one namespace, all or error. */
export async function ipBatch(namespace: string, lines: readonly string[]): Promise<void> {
  await command(['/usr/sbin/ip', '-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/** Loads a ruleset in a namespace with the outer `nft`. */
export async function nftIn(namespace: string, ruleset: string): Promise<void> {
  await command(inNamespace(namespace, ['/usr/sbin/nft', '-f', '-']), { input: ruleset })
}

/** A program of test/lab/programs, run by the Node that runs us. */
export function programArgv(name: string, args: readonly string[]): readonly string[] {
  return [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    `${import.meta.dirname}/programs/${name}.ts`,
    ...args,
  ]
}

/** A running program whose standard output is read line by line. */
export interface Running {
  readonly pid: number
  readonly child: ChildProcess
  /** Called for each line of standard output, those of before first. */
  onLine(listener: (line: string) => void): void
  /** Kills it (by pid, itself only) and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<void>
  /** What it said on standard error, for messages. */
  stderr(): string
}

/** Starts a program that goes on. With a pipe as its input, it reads the end when we end. Throws when it cannot be started. */
export async function start(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input: 'ignore' | 'pipe' = 'ignore',
): Promise<Running> {
  const [program = '', ...args] = argv
  const options = {
    env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
    // Not in our group: Ctrl-C at a terminal must reach us first, who end it in the right order.
    detached: true,
  } as const
  const child =
    input === 'pipe'
      ? spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
      : spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let errors = ''
  child.stderr.on('data', (data: Buffer) => {
    errors = (errors + data.toString()).slice(-4000)
  })
  const lines: string[] = []
  const listeners = new Set<(line: string) => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    for (const listener of listeners) listener(line)
  })
  await once(child, 'spawn')
  const { pid } = child
  if (pid === undefined) throw new Error(`starting ${argv.join(' ')}: no pid`)
  return {
    pid,
    child,
    ended,
    onLine: (listener) => {
      listeners.add(listener)
      for (const line of lines) listener(line)
    },
    stop: async (signal = 'SIGKILL') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await ended
    },
    stderr: () => errors,
  }
}

/** `start` in a network namespace. */
export function startIn(namespace: string, argv: readonly string[]): Promise<Running> {
  return start(inNamespace(namespace, argv))
}

/**
 * Has what is far away run before all that is busy: a real one would not wait for this machine's processors. Only once it has
 * started, as that takes Node.js a second of one, on which packets of all namespaces wait meanwhile: what is not taken off at
 * once is left to ksoftirqd, which runs after everything of this priority.
 */
export async function putFarAway({ pid }: Pick<Running, 'pid'>): Promise<void> {
  await command(['/usr/bin/chrt', '--all-tasks', '--rr', '--pid', '1', `${pid}`])
}

/** Starts a far end that says `ready` in a namespace, and waits until it does. */
export async function startFarAway(namespace: string, argv: readonly string[]): Promise<Running> {
  const running = await startIn(namespace, argv)
  try {
    await waitForLine(running, (line) => line === 'ready')
    await putFarAway(running)
  } catch (error) {
    await running.stop()
    throw error
  }
  return running
}

/** Waits for a line of a running program that `accept` takes. Throws when it ends or is not heard of for too long. */
export function waitForLine(
  running: Running,
  accept: (line: string) => boolean,
  timeoutMs = patienceMs,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let last = ''
    const give = () =>
      reject(new Error(`waiting for a line: not in ${timeoutMs} ms; the last: ${last || running.stderr()}`))
    const timer = setTimeout(give, timeoutMs)
    running.onLine((line) => {
      last = line
      if (!accept(line)) return
      clearTimeout(timer)
      resolve(line)
    })
    void running.ended.then(() => {
      clearTimeout(timer)
      reject(new Error(`waiting for a line: the program ended: ${running.stderr().trim()}`))
    })
  })
}

/** Milliseconds of CLOCK_MONOTONIC: one scale for all processes of this machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}
