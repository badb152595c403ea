/** Who is asked for a second opinion on a line whose echo requests are not answered. Pure. */

import { specificRoutes } from '../../kernel/iproute/specific-route.ts'
import type { Observed } from '../../model/observed.ts'
import type { Uplink } from '../../model/uplink.ts'
import { familyOf, isLinkLocal } from '../../net/valid.ts'
import { nameServersOf } from '../../sources/name-servers.ts'
import { getOwn } from '../../values/get-own.ts'
import type { ProbeSettings } from '../settings.ts'
import type { Egress } from './egress.ts'
import { probers } from './kinds.ts'

/** Other addresses of the operators of the default targets. */
const twins: Readonly<Record<string, string>> = {
  '1.1.1.1': '1.0.0.1',
  '8.8.8.8': '8.8.4.4',
  '9.9.9.9': '149.112.112.112',
  '2606:4700:4700::1111': '2606:4700:4700::1001',
  '2001:4860:4860::8888': '2001:4860:4860::8844',
  '2620:fe::fe': '2620:fe::9',
}

type Lines<T> = readonly (T & { readonly egress: Egress; readonly settings: ProbeSettings })[]

/**
 * Settings with the servers to ask: the targets themselves, or other addresses of their operators. What an uplink was
 * given as its name servers says nothing of its line: while that is dead, this host's questions to them may go by
 * another (reconcile/decide/translation/name-servers.ts). Sockets can be bound to an address only, so a server is left out where
 * `main` has a route of its own for it, by another device.
 */
export function withOpinions<T>(
  lines: Lines<T>,
  uplinks: readonly Pick<Uplink, 'interface'>[],
  observed: Observed,
): Lines<T> {
  const named = new Set(
    uplinks.flatMap((uplink) => families.flatMap((family) => nameServersOf(uplink, family, observed))),
  )
  const candidates = lines.flatMap(({ settings }) =>
    settings.kind === 'icmp' ? settings.targets.flatMap(operatorOf) : [],
  )
  const routes = specificRoutes(candidates, observed)
  return lines.map((line) => {
    const { egress, settings } = line
    if (!isEcho(settings) || egress.source === null) return line
    const leadsHere = (server: string) =>
      routes.get(server)?.nexthops.some(({ device }) => device === egress.device) ?? true
    const isFree = (server: string) =>
      familyOf(server) === egress.family && !isLinkLocal(server) && !named.has(server) && leadsHere(server)
    const opinions = settings.targets.flatMap((target) => {
      const server = operatorOf(target).find(isFree)
      return server === undefined ? [] : [[target, server] as const]
    })
    return { ...line, settings: { ...settings, opinions: Object.fromEntries(opinions) } }
  })
}

function isEcho({ kind }: ProbeSettings): boolean {
  return probers[kind].how === 'pings'
}

const families = ['inet', 'inet6'] as const

function operatorOf(target: string): readonly string[] {
  const twin = getOwn(twins, target)
  return twin === undefined ? [target] : [target, twin]
}
