/**
 * What becomes of the ends of connections between the round that finds them due and their turn. Pure. A line that is back by then keeps
 * what it has. And whatever one of two routers deletes, conntrackd deletes on the other: what was done for a moment's trouble, or by
 * the one that no longer carries, would end what goes on.
 */
import { markOf, marks } from '../layout.ts'
import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { Observed } from '../model/observed.ts'
import type { Step } from '../model/step.ts'
import { strandedToForget } from './decide/translation/stranded.ts'
import { mayKeep } from './decide/uplinks/drains.ts'

interface World {
  readonly observed: Observed
  readonly desired: Desired
}

/** Whether the step ends connections or sockets. */
export function endsConnections({ kind }: Step): boolean {
  return kind.startsWith('forget-') || kind === 'close-sockets'
}

/** The step as it is to be done in this world, by the active router; no step where it no longer applies. */
export function stillDue(step: Step, { observed, desired }: World, { layout }: Config): readonly Step[] {
  switch (step.kind) {
    case 'forget-connections': {
      const { uplink: name, family, source } = step
      const uplink = desired.uplinks.find((one) => one.name === name)
      if (source !== undefined || uplink === undefined) return [step]
      // Of a number that was given back, unless the uplink has it again.
      if (family === undefined) {
        const number = (step.mark & marks(layout).numberMask) >>> 0
        return number === markOf(uplink.number, layout) ? [] : [step]
      }
      return mayKeep(uplink, family) ? [] : [step]
    }
    case 'close-sockets': {
      const here = new Set(observed.links.flatMap(({ addresses }) => addresses.map(({ address }) => address)))
      const addresses = step.addresses.filter((address) => !here.has(address))
      return addresses.length > 0 ? [{ ...step, addresses }] : []
    }
    // The addresses may have come one after the other.
    case 'forget-stranded':
      return [strandedToForget(desired.uplinks, observed, layout)]
    default:
      return [step]
  }
}
