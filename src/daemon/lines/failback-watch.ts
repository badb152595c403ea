/** Cuts, in the background, the connections that `failback = kill` wants back. */

import { type Carrying, failBack } from '../../lines/failback.ts'
import type { Config } from '../../model/config.ts'
import type { Desired } from '../../model/desired.ts'
import { log } from '../../os/log.ts'
import { flushConnections as forget } from '../../reconcile/apply/apply.ts'
import { forgetConnections } from '../../reconcile/diff.ts'
import type { Ticker } from '../ticker.ts'

const lookMs = 5000

export interface FailbackWatch {
  /** Called after each round. */
  readonly update: (desired: Desired, config: Config) => void
}

export function watchFailback(pulse: Ticker): FailbackWatch {
  let carrying: Carrying | null = null
  let latest: { readonly desired: Desired; readonly config: Config } | null = null

  function look(): undefined {
    if (!latest) return
    const { desired, config } = latest
    const { carrying: now, victims } = failBack(carrying, desired, config, performance.now())
    carrying = now
    for (const { uplink, family } of victims) {
      log.event({ event: 'failback', uplink: uplink.name })
      void forget([forgetConnections(uplink, family, desired.uplinks, config.layout)])
    }
  }

  pulse.join(look, lookMs)
  return {
    update: (desired, config) => {
      latest = { desired, config }
      look()
    },
  }
}
