/** Cuts, in the background, the connections that `failback = kill` wants back. */

import { type Carrying, failBack } from '../../lines/failback.ts'
import { balancedDevices } from '../../model/active-uplinks.ts'
import type { Config } from '../../model/config.ts'
import type { Desired } from '../../model/desired.ts'
import type { Uplink } from '../../model/uplink.ts'
import type { Family } from '../../net/family.ts'
import { log } from '../../os/log.ts'
import { forgetConnections } from '../../reconcile/diff.ts'
import { endConnections } from '../../reconcile/reconcile.ts'
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
      const steps = [forgetConnections(uplink, family, desired.uplinks, config.layout)]
      void endConnections(steps, config, (step, { desired: now }) =>
        isCarrying(uplink, family, now, config) ? [] : [step],
      )
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

function isCarrying({ interface: device }: Uplink, family: Family, { routes }: Desired, { layout }: Config): boolean {
  return balancedDevices(family, routes, layout).has(device)
}
