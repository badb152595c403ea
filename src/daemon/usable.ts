/**
 * Tells keepalived how many uplinks are usable: what is lost before the routes have changed, so that the peer takes over at
 * once, and what is won after that. For a while after the start it is none: the peer's connections are not here yet.
 */
import type { Config } from '../model/config.ts'
import { countUsable } from '../model/pair.ts'
import type { Uplink } from '../model/uplink.ts'
import { loadUsable, saveUsable } from '../store/usable.ts'

export interface UsableCount {
  /** Called when it is known what the routes are to be. */
  readonly before: (uplinks: readonly Uplink[], config: Config) => void
  /** Called when they are so. */
  readonly after: (uplinks: readonly Uplink[], config: Config) => void
  readonly stop: () => void
}

interface UsableCountOptions {
  readonly load?: typeof loadUsable
  readonly save?: typeof saveUsable
  /** Called when the time in which none counts is over. */
  readonly onReady: () => void
}

/** A file that is there with a number has been told by an earlier daemon, so only that one had to wait. */
export function createUsableCount({ load = loadUsable, save = saveUsable, onReady }: UsableCountOptions): UsableCount {
  const began = performance.now()
  let told = load()
  const wasReady = (told ?? 0) > 0
  let timer: NodeJS.Timeout | undefined

  function tell(count: number | null): void {
    if (count === told) return
    told = count
    save(count)
  }

  return {
    before: (uplinks, { ha }) => {
      if (ha && told !== null) tell(Math.min(told, countUsable(uplinks)))
    },
    after: (uplinks, { ha }) => {
      clearTimeout(timer)
      if (!ha) return tell(null)
      const waitMs = wasReady ? 0 : began + ha.readySeconds * 1000 - performance.now()
      tell(waitMs > 0 ? 0 : countUsable(uplinks))
      if (waitMs <= 0) return
      timer = setTimeout(() => {
        tell(countUsable(uplinks))
        onReady()
      }, waitMs)
    },
    stop: () => clearTimeout(timer),
  }
}
