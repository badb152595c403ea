/** Keeps a program running that prints news, and takes each relevant text line for a hint. */
import type { Cause } from '../../model/cause.ts'
import { createBackoff } from '../../os/backoff.ts'
import { follow } from '../../os/follow.ts'
import { log } from '../../os/log.ts'
import type { Relevance } from '../relevance.ts'

export interface Monitor {
  readonly program: string
  readonly args: readonly string[]
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

/**
 * Calls `onChange` for every relevant text line: it is a hint, and what is true is read. Our own
 * changes come by here as well; the run that follows them finds nothing to do, changes nothing, and so is the last.
 *
 * A monitor that ends (netlink overrun, killed) is started again, and as changes may have been missed until it listens,
 * that is a change, too. Returns what stops it.
 */
export function watchMonitor({ program, args, cause, relevanceOf }: Monitor, onChange: OnChange) {
  const backoff = createBackoff(250, 30_000)
  let listening: NodeJS.Timeout | undefined
  let stopMonitor: () => void = () => undefined

  function start(): void {
    stopMonitor = follow(program, args, {
      onLine: (line) => {
        const relevance = relevanceOf(line)
        if (relevance !== 'never') onChange(cause, relevance)
      },
      onEnd: ({ message }) => {
        clearTimeout(listening)
        log.event({ event: 'watch', watched: cause.reason, reason: message })
        backoff.later(start)
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
