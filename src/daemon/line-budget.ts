/** How many lines of one kind the log gets: what happens on a link may happen 500 times a second. */

export interface LineBudget {
  /** Says the lines by `write`, as many as there is room for, and once in their place how many were left out. */
  readonly say: (lines: readonly string[], write: (line: string) => void) => void
}

/** `burst` lines at once, and `perMinute` in the long run. `clock`: milliseconds. */
export function createLineBudget(burst: number, perMinute: number, clock = () => performance.now()): LineBudget {
  let left = burst
  let at = clock()
  let unsaid = 0
  return {
    say: (lines, write) => {
      const now = clock()
      left = Math.min(burst, left + ((now - at) * perMinute) / 60_000)
      at = now
      for (const line of lines) {
        if (left < 1) {
          unsaid++
          continue
        }
        if (unsaid > 0) write(`... and ${unsaid} more ${unsaid === 1 ? 'line' : 'lines'} that nobody would read`)
        unsaid = 0
        left--
        write(line)
      }
    },
  }
}
