/** What DHCP clients' hooks would have said of leases from before we were installed. */
import { log } from '../os/log.ts'
import { delegations } from '../store/delegations.ts'
import { leases } from '../store/leases.ts'
import { readDelegations, readLeases } from './facts.ts'
import { keepDelegation, keepFact } from './keep.ts'

/**
 * Keeps what stands in dhclient's lease files as if its hook had said it. From then on hooks tell when a lease ends, so
 * a clock that is set ahead ends none. Failures are logged.
 */
export function keepEarlierLeases(): void {
  try {
    const now = new Date()
    for (const [device, lease] of Object.entries(readLeases(now)))
      if (!leases.has(device)) keepFact(device, { kind: 'lease', lease })
    for (const [device, there] of Object.entries(readDelegations(now)))
      if (!delegations.has(device)) keepDelegation(device, { gone: 'all', there })
  } catch (error) {
    log.failure('keeping', 'earlier leases', error)
  }
}
