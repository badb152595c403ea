/** Programs that run on and on, and whose output is read as it comes. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { Failure } from './error.ts'
import { messageOf } from './log.ts'
import { environment } from './run.ts'

export interface Follower {
  readonly onLine: (line: string) => void
  /** Gets the text lines of standard error, which is thrown away without it. */
  readonly onErrorLine?: (line: string) => void
  /**
   * The program could not be started, or has ended (the failure has its `exitCode`, or the `signal` that ended it), and all
   * its text lines were handed on. Not called after `stop`.
   */
  readonly onEnd: (failure: Failure) => void
}

/** A text line is cut here, as what matters is at its beginning. */
const maxLine = 4096

/**
 * Runs a program by absolute path with arguments as they are (no shell), and hands on each text line of its output.
 * Returns what stops it. Never throws. Not by execa, which takes twice the processor's time to start one: here programs
 * are started when something may be dead, and many at once.
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
  // 'close' comes when its output was read to the end, unlike 'exit'.
  child.on('close', (code, signal) => {
    const how = code === null ? `by ${signal}` : `with code ${code}`
    const details = { ...(code === null ? {} : { exitCode: code }), ...(signal === null ? {} : { signal }) }
    end(new Failure('program-failed', `${program}: ended ${how}`, details))
  })
  return () => {
    stopped = true
    child.kill('SIGTERM')
  }
}

/** spawn(), which throws where memory or descriptors are lacking, but tells of a missing program later. */
function spawned(program: string, args: readonly string[], withErrors: boolean): ChildProcess | Error {
  try {
    return spawn(program, args, { stdio: ['ignore', 'pipe', withErrors ? 'pipe' : 'ignore'], env: environment })
  } catch (error) {
    return error instanceof Error ? error : new Failure('program-not-started', messageOf(error))
  }
}
