/** Programs whose output is read by the text line, and not kept: it may be more than anyone wants in memory. */
import { execa } from 'execa'
import { Failure } from './error.ts'
import { environment } from './run.ts'

/** A million text lines take seconds; a program that takes longer than this hangs. */
const timeoutMs = 120_000
/** The rest of a text line without its end is cut here; nothing that we read is longer. */
const maxLine = 4096

/**
 * Runs a program by absolute path with arguments as they are (no shell), hands on each text line of its output and
 * keeps none. Throws a Failure `PROGRAM ARGS: cause` when it cannot be started, takes too long, or ends with another
 * code than 0.
 */
export async function eachLine(
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  const child = execa(program, args, {
    stdin: 'ignore',
    buffer: { stdout: false },
    env: environment,
    extendEnv: false,
    reject: false,
    timeout: timeoutMs,
  })
  let rest = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = (lines.pop() ?? '').slice(0, maxLine)
    for (const line of lines) onLine(line)
  })
  const { exitCode, stderr, timedOut, originalMessage } = await child
  if (exitCode === 0) return
  const cause = timedOut ? `no end within ${timeoutMs} ms` : stderr.trim() || originalMessage || 'killed'
  throw new Failure(timedOut ? 'timeout' : 'program-failed', `${[program, ...args].join(' ')}: ${cause}`)
}
