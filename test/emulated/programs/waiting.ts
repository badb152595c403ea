/** How programs in the emulated machine wait. */
import { setTimeout } from 'node:timers/promises'

interface Waiting {
  readonly timeoutMs?: number
  readonly everyMs?: number
  /** What the error says besides. */
  readonly toUnderstand?: () => Promise<string>
}

/**
 * Waits until it holds, by the machine's own clock, and gives how many milliseconds that took. To look is what costs most
 * here. Throws when it has not held for too long.
 */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
  { timeoutMs = 30_000, everyMs = 250, toUnderstand = async () => '' }: Waiting = {},
): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > timeoutMs) throw new Error(`never: ${what}\n${await toUnderstand()}`)
    await setTimeout(everyMs)
  }
  return performance.now() - began
}
