/**
 * The log by journald's native protocol, in which a message has fields (systemd.journal-fields(7), and "Native Journal
 * Protocol" in systemd's documentation).
 *
 * journald listens on a datagram socket, which Node.js does not have. So a child sends what we hand it: perl, which
 * every Debian has (perl-base is essential). It runs on and on, because journald asks the kernel which unit a message
 * is from when it reads it, and a process for each message, as of logger(1), has often ended by then:
 * `journalctl -u ifbalance` would miss it.
 *
 * Each message is told once: by the child, which confirms each, or on standard error where the child is missing, hangs
 * or could not send. Nothing waits for it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { perl } from '../layout.ts'
import { journalFields } from '../model/event-text.ts'
import { createBackoff } from './backoff.ts'
import { type Line, printable, priorities, toStandardError } from './log.ts'
import { environment } from './run.ts'

/**
 * The child's program. Records end with an empty line; one that our own end has cut is not sent. It prints `r` when it
 * is ready, `+` when it has sent a record, and `-` when it could not. It ignores signals, as systemd ends all processes
 * of a service together, and it has to send what is on the way first. It ends when we do.
 */
const sender = `
$SIG{$_} = 'IGNORE' for qw(HUP INT TERM PIPE);
$0 = 'ifbalance-journal';
$| = 1;
$/ = "\\n\\n";
socket my $journal, 1, 2, 0 or exit 1;
my $to = pack 'SZ*', 1, $ARGV[0];
print 'r';
while (<STDIN>) {
  s/\\n\\n\\z/\\n/ or last;
  print defined send($journal, $_, 0, $to) ? '+' : '-';
}
`

export interface JournalOptions {
  readonly program?: string
  readonly socket?: string
  /** A message that is not confirmed by then is told on standard error. */
  readonly timeoutMs?: number
  /** How long we wait before a child that has ended is started again; doubled each time. */
  readonly retry?: { readonly firstMs: number; readonly maxMs: number }
  readonly fallback?: (line: Line) => void
}

/** The largest number of messages on the way: far more than a round has, and little memory. */
const mostWaiting = 2000

/**
 * How long a child that was killed may still confirm what it has sent. One that the kernel cannot end is given up then.
 */
const killedMs = 1000

interface Waiting {
  readonly line: Line
  /** When it has to be confirmed, in milliseconds of performance.now(). */
  readonly due: number
  /** The position behind this record in all bytes that were handed to the child. */
  readonly end: number
}

interface Sender {
  readonly send: (line: Line) => void
  /** The messages that the child will not have when this process ends now. */
  readonly unsent: () => readonly Line[]
  readonly stop: () => void
}

export interface Journal {
  readonly write: (line: Line) => void
  /** For the end of this process: writes what has not reached the child by now to standard error. */
  readonly flush: () => void
  readonly stop: () => void
}

export function openJournal({
  program = perl,
  socket = '/run/systemd/journal/socket',
  timeoutMs = 10_000,
  retry = { firstMs: 1000, maxMs: 600_000 },
  fallback = toStandardError,
}: JournalOptions = {}): Journal {
  const backoff = createBackoff(retry.firstMs, retry.maxMs)
  /** The child that takes messages; null while none has said that it is ready. */
  let current: Sender | null = null
  let starting: Sender | null = null
  let stopped = false

  function start(): void {
    const fresh = startSender([program, '-e', sender, socket], timeoutMs, {
      onReady: () => {
        current = fresh
      },
      onConfirmed: () => backoff.reset(),
      fallback,
      onEnd: () => {
        if (current === fresh) current = null
        if (!stopped) backoff.later(start)
      },
    })
    starting = fresh
  }

  start()
  return {
    write: (line) => (current ? current.send(line) : fallback(line)),
    flush: () => {
      for (const line of current?.unsent() ?? []) fallback(line)
      current = null
    },
    stop: () => {
      stopped = true
      backoff.cancel()
      starting?.stop()
    },
  }
}

interface SenderListener {
  readonly onReady: () => void
  readonly onConfirmed: () => void
  /** Gets each message that was not sent, in their order. */
  readonly fallback: (line: Line) => void
  /** Called once, after all calls of `fallback`. */
  readonly onEnd: () => void
}

function startSender(
  [program = '', ...args]: readonly string[],
  timeoutMs: number,
  { onReady, onConfirmed, fallback, onEnd }: SenderListener,
): Sender {
  const waiting: Waiting[] = []
  let handed = 0
  let state: 'running' | 'killed' | 'ended' = 'running'
  let late: NodeJS.Timeout | undefined
  const child = spawned(program, args)
  if (child === null) queueMicrotask(end)

  /** Sends a message. While the child is being killed, messages wait for its end, to keep their order. */
  function send(line: Line): void {
    if (state === 'ended') {
      fallback(line)
      return
    }
    const record = recordOf(line)
    handed += record.length
    waiting.push({ line, due: performance.now() + timeoutMs, end: handed })
    if (state === 'running') child?.stdin.write(record)
    if (waiting.length >= mostWaiting) kill()
    watch()
  }

  function watch(): void {
    if (state !== 'running') return
    clearTimeout(late)
    const [first] = waiting
    if (!first) return
    // What the child has confirmed while this daemon was stopped or starved is read before the second look.
    late = setTimeout(() => setImmediate(() => waiting[0] === first && kill()), first.due - performance.now())
    late.unref()
  }

  function hear(words: string): void {
    for (const word of words) {
      if (word === 'r') {
        onReady()
        continue
      }
      if (word !== '+' && word !== '-') continue
      const settled = waiting.shift()
      if (word === '+') onConfirmed()
      else if (settled) fallback(settled.line)
    }
    watch()
  }

  function kill(): void {
    if (state !== 'running') return
    state = 'killed'
    child?.kill('SIGKILL')
    late = setTimeout(end, killedMs)
    late.unref()
  }

  function end(): void {
    if (state === 'ended') return
    state = 'ended'
    clearTimeout(late)
    for (const { line } of waiting.splice(0)) fallback(line)
    onEnd()
  }

  child?.stdout.setEncoding('latin1')
  child?.stdout.on('data', hear)
  // 'close' follows an error of the pipe, and handles it.
  child?.stdin.on('error', () => undefined)
  child?.on('error', end)
  // 'close' comes when all that the child has confirmed was read.
  child?.on('close', end)
  return {
    send,
    unsent: () => {
      const there = handed - (child?.stdin.writableLength ?? 0)
      return waiting.filter((one) => state !== 'running' || one.end > there).map(({ line }) => line)
    },
    stop: kill,
  }
}

type Child = ChildProcessByStdio<Writable, Readable, null>

/** spawn(), which throws where memory or descriptors are lacking, but tells of a missing program later. */
function spawned(program: string, args: readonly string[]): Child | null {
  try {
    return spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env: environment })
  } catch {
    return null
  }
}

/** A message as a record for the child. Exported for its test. */
export function recordOf({ level, message, event }: Line): Buffer {
  const fields = {
    MESSAGE: message,
    PRIORITY: String(priorities[level]),
    SYSLOG_IDENTIFIER: 'ifbalance',
    SYSLOG_PID: String(process.pid),
    ...(event && journalFields(event)),
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}=${printable(value)}\n`)
  return Buffer.from(`${lines.join('')}\n`)
}
