/** Programs that run on and on, and are listened to. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { Failure } from './error.ts'
import { messageOf } from './log.ts'
import { environment } from './run.ts'

export interface Follower {
  readonly onLine: (line: string) => void
  /** What it says on standard error, which is thrown away otherwise. */
  readonly onErrorLine?: (line: string) => void
  /** It ended, with `exitCode`, and all its lines were handed on, or it could not be started. Not called after `stop`. */
  readonly onEnd: (failure: Failure) => void
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
  const end = (failure: Failure) => {
    if (!stopped) onEnd(failure)
    stopped = true
  }
  const notStarted = (error: Error) =>
    end(new Failure('program-not-started', `${program}: ${error.message}`, { cause: error }))
  const child = spawned(program, args, onErrorLine !== undefined)
  if (child instanceof Error) {
    queueMicrotask(() => notStarted(child))
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
  child.on('error', notStarted)
  // Its output was read to the end by then.
  child.on('close', (code) => {
    const details = code === null ? {} : { exitCode: code }
    end(new Failure('program-failed', `${program}: ended with code ${code ?? 'none'}`, details))
  })
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
    return error instanceof Error ? error : new Failure('program-not-started', messageOf(error))
  }
}
