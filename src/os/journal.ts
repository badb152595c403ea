/**
 * The log by journald's native protocol, in which a line has fields (systemd.journal-fields(7), and "Native Journal
 * Protocol" in systemd's documentation).
 *
 * journald listens on a datagram socket, which Node.js does not have. So a child sends what we hand it: perl, which every
 * Debian has (perl-base is essential). It runs on and on, because journald asks the kernel which unit a line is from when it
 * reads it, and a process for each line, as of logger(1), has often ended by then: `journalctl -u ifbalance` would miss it.
 *
 * A line is told once: by the child, which confirms each, or by standard error where it is missing, hangs or could not
 * send. Nothing waits for it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { perl } from '../layout.ts'
import { journalFields } from '../model/event-text.ts'
import { createBackoff } from './backoff.ts'
import { type Line, printable, priorities, toStandardError } from './log.ts'
import { environment } from './run.ts'

/**
 * Records end with an empty line; one that was cut by our end is not sent. `r`: it is ready. `+` and `-`: it has sent the
 * next record, or could not. systemd ends all processes of a service together: this one has to send what is on the way
 * first, and ends with us.
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
  /** A line that is not confirmed by then is told on standard error. */
  readonly timeoutMs?: number
  /** How long a child that has ended is missing, doubled each time. */
  readonly retry?: { readonly firstMs: number; readonly maxMs: number }
  readonly fallback?: (line: Line) => void
}

/** Lines that are on the way. Far more than a round has, and less than would be missed in memory. */
const mostWaiting = 2000

/** One that the kernel cannot end has this long to confirm what it has sent. */
const killedMs = 1000

interface Waiting {
  readonly line: Line
  /** Of performance.now(). */
  readonly due: number
  /** Of all that was handed to the child, the bytes up to here have to be there. */
  readonly end: number
}

interface Sender {
  readonly send: (line: Line) => void
  /** What the child will not have when this process ends now. */
  readonly unsent: () => readonly Line[]
  readonly stop: () => void
}

export interface Journal {
  readonly write: (line: Line) => void
  /** For the end of this process: what has not reached the child by now goes to standard error. */
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
  /** Null while there is none that has said that it is ready. */
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
  /** Gets each line that was not sent, in their order. */
  readonly fallback: (line: Line) => void
  /** After that, once. */
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

  /** A line that comes while the child is being killed waits for its end, to keep the order. */
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
    // What the child has said meanwhile, to a daemon that was stopped or starved, is heard before the second look.
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
  // Both are followed by 'close'.
  child?.stdin.on('error', () => undefined)
  child?.on('error', end)
  // All that it had confirmed was read by then.
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

/** Out of memory or descriptors it throws, where a missing program is told later. */
function spawned(program: string, args: readonly string[]): Child | null {
  try {
    return spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env: environment })
  } catch {
    return null
  }
}

/** Exported for its test. */
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
