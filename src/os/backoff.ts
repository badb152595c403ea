/** Waiting times for something that is tried again and again: doubled each time, up to a limit, until it went well. */
export interface Backoff {
  /** Runs `action` after the next delay; a former one that is still waiting is dropped. */
  readonly later: (action: () => void) => void
  /** It went well: the next delay is the first one again. */
  readonly reset: () => void
  readonly cancel: () => void
}

export function createBackoff(firstMs: number, maxMs: number): Backoff {
  let delay = firstMs
  let timer: NodeJS.Timeout | undefined
  return {
    later: (action) => {
      clearTimeout(timer)
      timer = setTimeout(action, delay)
      delay = Math.min(delay * 2, maxMs)
    },
    reset: () => {
      delay = firstMs
    },
    cancel: () => clearTimeout(timer),
  }
}
