/** Which name servers an interface was given, by every source that named some. Pure. */

import type { Observed } from '../model/observed.ts'
import type { Uplink } from '../model/uplink.ts'
import type { Family } from '../net/family.ts'
import { familyOf, nameServers } from '../net/valid.ts'
import { getOwn } from '../values/get-own.ts'

/** The uplink's name servers of a family, what the administrator named first: eight at most, whoever names how many. */
export function nameServersOf(
  { interface: device }: Pick<Uplink, 'interface'>,
  family: Family,
  observed: Observed,
): readonly string[] {
  const six = getOwn(observed.nameServers6 ?? {}, device)
  const named = [getOwn(observed.stanzas, device)?.nameServers, getOwn(observed.leases, device)?.nameServers]
  const told = [...named, six?.dhcp6, six?.advertised, getOwn(observed.bus, device)?.nameServers]
  return nameServers(told.flatMap((list) => list ?? []).filter((server) => familyOf(server) === family))
}
