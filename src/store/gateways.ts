/** Gateways of an interface, as several of our files have them. */
import type { Gateways } from '../model/facts.ts'
import type { Family } from '../net/family.ts'
import { isGateway } from '../net/valid.ts'
import { objectOf } from '../values/checked.ts'

/** Gateways from an unchecked value: members that are no family with a gateway's address or null are left out. */
export function parseGateways(value: unknown): Gateways {
  const valid = Object.entries(objectOf(value)).filter(
    ([family, address]) =>
      (family === 'inet' || family === 'inet6') &&
      (address === null || (typeof address === 'string' && isGateway(address, family as Family))),
  )
  return Object.fromEntries(valid)
}
