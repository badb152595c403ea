/** The name servers that a line was given, where its probes need names. Pure. */

import type { Observed } from '../../model/observed.ts'
import { isLinkLocal } from '../../net/valid.ts'
import { nameServersOf } from '../../sources/name-servers.ts'
import type { ProbeSettings } from '../settings.ts'
import type { Egress } from './egress.ts'
import { leadsElsewhere } from './elsewhere.ts'
import { probers } from './kinds.ts'

/** How many servers are taken: as many as libc's resolver asks. */
const most = 3

/**
 * Settings with the line's own name servers. Left out are those to which `main` has a route of its own, which a socket
 * that is bound to an address would follow, and link-local ones, which need a link.
 */
export function withResolvers(egress: Egress, settings: ProbeSettings, observed: Observed): ProbeSettings {
  if (!probers[settings.kind].needsNames) return settings
  const servers = nameServersOf({ interface: egress.device }, egress.family, observed)
  const own = servers.filter((server) => !isLinkLocal(server) && !leadsElsewhere(server, egress, observed.routes))
  return { ...settings, resolvers: own.slice(0, most) }
}
