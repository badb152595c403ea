/** How many messages of one kind the log gets: what happens on a link may happen 500 times a second. */
import type { Event, Level } from '../model/event.ts'

export interface LineBudget {
  /** Writes as many of the events as there is room for, and once, in place of the others, how many were left out. */
  readonly say: (events: readonly Event[], write: (event: Event) => void) => void
}

/**
 * A budget of `burst` messages at once, and `perMinute` in the long run; `of` is their level, `clock` in milliseconds.
 */
export function createLineBudget(
  of: Level,
  burst: number,
  perMinute: number,
  clock = () => performance.now(),
): LineBudget {
  let left = burst
  let at = clock()
  let unsaid = 0
  return {
    say: (events, write) => {
      const now = clock()
      left = Math.min(burst, left + ((now - at) * perMinute) / 60_000)
      at = now
      for (const event of events) {
        if (left < 1) {
          unsaid++
          continue
        }
        if (unsaid > 0) write({ event: 'left-out', count: unsaid, of })
        unsaid = 0
        left--
        write(event)
      }
    },
  }
}
