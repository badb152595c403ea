/** Programs that run on and on, and are listened to. */
import { execa } from 'execa'
import { messageOf } from './log.ts'
import { environment } from './run.ts'

export interface Follower {
  readonly onLine: (line: string) => void
  /** It ended, or could not be started; `cause` is one line. Not called after `stop`. */
  readonly onEnd: (cause: string) => void
}

/** A line is cut here: what was listened for is at its beginning. */
const maxLine = 4096

/**
 * Runs a program by absolute path with arguments as they are (no shell) and hands on each line of its output, keeping no
 * more than one. Returns what stops it. Never throws.
 */
export function follow(program: string, args: readonly string[], { onLine, onEnd }: Follower): () => void {
  const child = execa(program, args, {
    stdin: 'ignore',
    stderr: 'ignore',
    buffer: false,
    reject: false,
    env: environment,
    extendEnv: false,
  })
  let stopped = false
  let rest = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = (lines.pop() ?? '').slice(0, maxLine)
    for (const line of lines) if (!stopped) onLine(line.slice(0, maxLine))
  })
  child
    .then((result) => result.originalMessage || `ended with code ${result.exitCode ?? 'none'}`, messageOf)
    .then((cause) => (stopped ? undefined : onEnd(`${program}: ${cause}`)))
    .catch(() => undefined)
  return () => {
    stopped = true
    child.kill('SIGTERM')
  }
}
