/** Programs that run on and on, and are listened to. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { messageOf } from './log.ts'
import { environment } from './run.ts'

export interface Follower {
  readonly onLine: (line: string) => void
  /** What it says on standard error, which is thrown away otherwise. */
  readonly onErrorLine?: (line: string) => void
  /** It ended and all its lines were handed on, or it could not be started; `cause` is one line. Not called after `stop`. */
  readonly onEnd: (cause: string) => void
}

/** A line is cut here: what was listened for is at its beginning. */
const maxLine = 4096

/**
 * Runs a program by absolute path with arguments as they are (no shell) and hands on each line of its output, keeping no
 * more than one. Returns what stops it. Never throws. Not by execa, which takes twice the processor's time to start one:
 * here a program is started when something may be dead, and many at once.
 */
export function follow(program: string, args: readonly string[], { onLine, onErrorLine, onEnd }: Follower): () => void {
  let stopped = false
  const end = (cause: string) => {
    if (!stopped) onEnd(`${program}: ${cause}`)
    stopped = true
  }
  const child = spawned(program, args, onErrorLine !== undefined)
  if (child instanceof Error) {
    queueMicrotask(() => end(child.message))
    return () => {
      stopped = true
    }
  }
  const hear = (stream: Readable | null, listener: (line: string) => void) => {
    let rest = ''
    stream?.setEncoding('utf8')
    stream?.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = (lines.pop() ?? '').slice(0, maxLine)
      for (const line of lines) if (!stopped) listener(line.slice(0, maxLine))
    })
  }
  hear(child.stdout, onLine)
  if (onErrorLine) hear(child.stderr, onErrorLine)
  child.on('error', ({ message }) => end(message))
  // Its output was read to the end by then.
  child.on('close', (code) => end(`ended with code ${code ?? 'none'}`))
  return () => {
    stopped = true
    child.kill('SIGTERM')
  }
}

/** Out of memory or descriptors it throws, where a missing program is told later. */
function spawned(program: string, args: readonly string[], withErrors: boolean): ChildProcess | Error {
  try {
    return spawn(program, args, { stdio: ['ignore', 'pipe', withErrors ? 'pipe' : 'ignore'], env: environment })
  } catch (error) {
    return new Error(messageOf(error))
  }
}
