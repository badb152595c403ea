/** Waiting times for what is tried again and again: each is twice the former, up to a limit, until it has gone well. */
export interface Backoff {
  /** Runs `action` after the next delay. A former action that still waits is dropped. */
  readonly later: (action: () => void) => void
  /** Starts again with the first delay: it went well. */
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
