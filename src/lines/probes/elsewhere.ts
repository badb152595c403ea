/** Whether `main` leads to a target by another way, which sockets bound to an address alone would take. Pure. */
import { BlockList } from 'node:net'
import { tables } from '../../layout.ts'
import type { Route } from '../../model/kernel.ts'
import { addressOf } from '../../net/target.ts'
import { familyOf } from '../../net/valid.ts'
import type { ProbeSettings } from '../settings.ts'
import type { Egress } from './egress.ts'
import { probers } from './kinds.ts'

export function leadsElsewhere(
  target: string,
  { family, device }: Pick<Egress, 'family' | 'device'>,
  routes: readonly Route[],
): boolean {
  const specific = routes.filter(
    (route) => route.family === family && route.table === tables.main && route.destination !== 'default',
  )
  const lengths = specific.map((route) => ({ route, length: matchLength(route.destination, target) }))
  const longest = Math.max(-1, ...lengths.map(({ length }) => length))
  const best = lengths.filter(({ length }) => length >= 0 && length === longest)
  return best.length > 0 && !best.some(({ route }) => route.nexthops.some((hop) => hop.device === device))
}

/**
 * Settings with which no probe strays: probes that bind to an address need one that no other uplink has, and lose the
 * targets to which `main` leads elsewhere.
 */
export function unableToStray(egress: Egress, settings: ProbeSettings, routes: readonly Route[]): ProbeSettings {
  if (probers[settings.kind].bindsTo === 'device') return settings
  if (egress.source === null) return { ...settings, kind: 'none' }
  const targets = settings.targets.filter((target) => !leadsElsewhere(addressOf(target), egress, routes))
  if (targets.length === 0) return { ...settings, kind: 'none' }
  return { ...settings, targets, quorum: Math.min(settings.quorum, targets.length) }
}

/** The length of the prefix where the address is in it; -1 otherwise. */
function matchLength(destination: string, address: string): number {
  const [prefix = '', bits] = destination.split('/')
  const family = familyOf(prefix)
  if (family === null || familyOf(address) !== family) return -1
  const type = family === 'inet' ? 'ipv4' : 'ipv6'
  const length = bits === undefined ? (family === 'inet' ? 32 : 128) : Number(bits)
  const list = new BlockList()
  list.addSubnet(prefix, length, type)
  return list.check(address, type) ? length : -1
}
