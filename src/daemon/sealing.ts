/** Has connections that were translated before IPsec had a policy for them begin anew; see reconcile/decide/translation/sealed.ts. */
import { readSealPolicies } from '../kernel/ipsec/policies.ts'
import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { Observed } from '../model/observed.ts'
import { log } from '../os/log.ts'
import { sealedToForget } from '../reconcile/decide/translation/sealed.ts'
import { endConnections } from '../reconcile/reconcile.ts'

/** A tunnel's policies come together; and what was on its way when they came has left by then. */
const settledMs = 100

/** A hub's thousand tunnels may come and go all day: between two looks there are as many times what the former took. */
const restTimes = 10

export interface Sealing {
  /** Says that a policy may have come. */
  readonly changed: () => void
  /** Called after each round. */
  readonly update: (desired: Desired, config: Config, observed: Observed) => void
  readonly stop: () => void
}

export function createSealing(): Sealing {
  let latest: { readonly desired: Desired; readonly config: Config; readonly observed: Observed } | null = null
  let isDue = false
  let isBusy = false
  let isOver = false
  let timer: NodeJS.Timeout | undefined

  function arm(ms: number): void {
    if (isBusy || !isDue || !latest) return
    isBusy = true
    timer = setTimeout(() => void look(), ms)
  }

  async function look(): Promise<void> {
    const begun = performance.now()
    isDue = false
    await forget().catch((error) => log.failure('reading', "IPsec's policies", error))
    if (isOver) return
    timer = setTimeout(
      () => {
        isBusy = false
        arm(0)
      },
      Math.max(settledMs, (performance.now() - begun) * restTimes),
    )
  }

  async function forget(): Promise<void> {
    if (!latest) return
    const { desired, config, observed } = latest
    const step = sealedToForget(await readSealPolicies(), desired, observed, config)
    if (!step) return
    const ended = endConnections([step], config)
    // One of two routers waits with it, for as long as a handover may take.
    if (!config.ha) await ended
  }

  return {
    changed: () => {
      isDue = true
      arm(settledMs)
    },
    update: (desired, config, observed) => {
      latest = { desired, config, observed }
      arm(settledMs)
    },
    stop: () => {
      isOver = true
      clearTimeout(timer)
    },
  }
}
