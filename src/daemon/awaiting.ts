/** Has the daemon look again when connections that the peer has not told of are no longer awaited. */
import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { Observed } from '../model/observed.ts'
import { awaitsConnections } from '../model/pair.ts'

export interface Awaiting {
  /** Called after each round. */
  readonly update: (desired: Pick<Desired, 'state'>, config: Config, observed: Observed) => void
  readonly stop: () => void
}

export function createAwaiting(onOver: () => void): Awaiting {
  let timer: NodeJS.Timeout | undefined
  return {
    update: ({ state }, config, observed) => {
      clearTimeout(timer)
      if (!config.ha || state.role !== 'active' || !awaitsConnections(config, { ...observed, state })) return
      // Whole seconds are compared.
      timer = setTimeout(onOver, (config.ha.holdSeconds + 2) * 1000)
    },
    stop: () => clearTimeout(timer),
  }
}
