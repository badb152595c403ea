/** Becomes another program, which finds everything as our caller left it. */
import { readIfThere } from '../os/files.ts'

/** Programs of coreutils and util-linux, which every Debian has. */
const programs = { env: '/usr/bin/env', prlimit: '/usr/bin/prlimit' } as const

/**
 * Becomes the command: execve(2) by way of env(1), which searches PATH, has the exit codes 126 and 127, and undoes what
 * Node.js did to signals when it started. prlimit(1) undoes what Node.js did to the limit of open files.
 *
 * `launcher` runs what stands behind it.
 *
 * Node.js makes a pipe that is a standard stream non-blocking, for everyone who has it open, once anything looks at
 * that stream; execa does when it is loaded. Returns a complaint where the command cannot be handed on; otherwise it
 * does not return.
 */
export function becomeCommand(command: readonly string[], launcher: readonly string[] = []): string {
  const [name = ''] = command
  if (name.includes('=')) return `${JSON.stringify(name)}: a command whose name has = in it is none for env(1)`
  if (command.some((word) => word.includes('\uFFFD'))) return 'the command line is not UTF-8'
  const env = [programs.env, '--default-signal=PIPE,XFSZ', '--', ...command]
  const limit = softLimitOfParent()
  const launched = [...launcher, ...env]
  const argv = limit === null ? launched : [programs.prlimit, `--nofile=${limit}:`, '--', ...launched]
  for (const stream of [process.stdin, process.stdout, process.stderr]) makeBlocking(stream)
  process.execve?.(argv[0] ?? '', argv, process.env)
  return 'this Node.js cannot become another program'
}

/**
 * Makes a standard stream blocking again. Pipes and terminals have a handle with this method (LibuvStreamWrap, as of
 * Node.js 24), files have none.
 */
function makeBlocking(stream: object): void {
  const handle = (stream as { _handle?: { setBlocking?: (enable: boolean) => number } })._handle
  handle?.setBlocking?.(true)
}

/**
 * The soft limit of open files of our parent, which was ours, too, before Node.js raised it to the hard one; null where
 * it cannot be read.
 */
function softLimitOfParent(): string | null {
  try {
    const limits = readIfThere(`/proc/${process.ppid}/limits`) ?? ''
    return /^Max open files +(\d+) /m.exec(limits)?.[1] ?? null
  } catch {
    return null
  }
}
