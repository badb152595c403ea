/** Keeps a program running that prints news, and takes each relevant text line for a hint. */
import type { Cause } from '../../model/cause.ts'
import { createBackoff } from '../../os/backoff.ts'
import type { Failure } from '../../os/error.ts'
import { follow } from '../../os/follow.ts'
import { log } from '../../os/log.ts'
import type { Relevance } from '../relevance.ts'

export interface Monitor {
  readonly program: string
  readonly args: readonly string[]
  /** What it is run with once it has crashed, for the most that it can tell without, a process each; the same again unless said. */
  readonly argsAfterCrash?: readonly (readonly string[])[]
  /** What its news are: `reason` is what is watched, for the log. */
  readonly cause: Cause
  readonly relevanceOf: (line: string) => Relevance
}

export type OnChange = (cause: Cause, when: Exclude<Relevance, 'never'>) => void

/**
 * After this time a monitor listens for sure. `ip` and `nft` say nothing when they do; it takes them a few
 * milliseconds.
 */
const surelyListeningMs = 500

/** What ends a program for a fault of its own: signal(7). */
const crashes = ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL']

/**
 * Calls `onChange` for every relevant text line: it is a hint, and what is true is read. Our own
 * changes come by here as well; the run that follows them finds nothing to do, changes nothing, and so is the last.
 *
 * A monitor that ends (netlink overrun, killed, crashed) is started again, and as changes may have been missed until it
 * listens, that is a change, too. Returns what stops it.
 */
export function watchMonitor(monitor: Monitor, onChange: OnChange): () => void {
  const { argsAfterCrash = [] } = monitor
  let stops = [
    keepRunning(monitor, monitor.args, onChange, ({ signal = '' }) => {
      if (argsAfterCrash.length === 0 || !crashes.includes(signal)) return 'again'
      stops = argsAfterCrash.map((args) => keepRunning(monitor, args, onChange, () => 'again'))
      return 'never'
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** Runs it with these arguments for as long as what follows its end is to run again. Returns what stops it. */
function keepRunning(
  { program, cause, relevanceOf }: Monitor,
  args: readonly string[],
  onChange: OnChange,
  after: (end: Failure) => 'again' | 'never',
): () => void {
  const backoff = createBackoff(250, 30_000)
  let listening: NodeJS.Timeout | undefined
  let stopMonitor: () => void = () => undefined

  function start(): void {
    stopMonitor = follow(program, args, {
      onLine: (line) => {
        const relevance = relevanceOf(line)
        if (relevance !== 'never') onChange(cause, relevance)
      },
      onEnd: (end) => {
        clearTimeout(listening)
        log.event({ event: 'watch', watched: cause.reason, reason: end.message })
        if (after(end) === 'again') backoff.later(start)
      },
    })
    listening = setTimeout(() => {
      backoff.reset()
      onChange({ kind: 'monitor', reason: `watching ${cause.reason}` }, 'now')
    }, surelyListeningMs)
  }

  start()
  return () => {
    clearTimeout(listening)
    backoff.cancel()
    stopMonitor()
  }
}
