/** What of an uplink is left out, and why. Pure. */
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Uplink } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'
import { exceedsBounds, maxAddresses } from './bounds.ts'

const families = ['inet', 'inet6'] as const

export function whatIsRefused(uplink: Uplink): readonly Trouble[] {
  return families.flatMap((family): readonly Trouble[] => {
    const why = uplink[family]?.refused
    if (why === undefined) return []
    const reason = `uplink ${uplink.name}: left out for ${ipv(family)}, refused: ${why}`
    return [{ kind: 'refused', uplink: uplink.name, family, reason }]
  })
}

export function whatIsTooMuch(uplink: Uplink, { links }: Observed): readonly Trouble[] {
  const link = links.find(({ name }) => name === uplink.interface)
  if (!link) return []
  return families.flatMap((family): readonly Trouble[] => {
    if (!exceedsBounds(link, family, uplink[family])) return []
    const reason = `uplink ${uplink.name}: more than ${maxAddresses} ${ipv(family)} addresses: sockets that are bound to the others are balanced`
    return [{ kind: 'many-addresses', uplink: uplink.name, family, reason }]
  })
}

function ipv(family: Family): string {
  return family === 'inet' ? 'IPv4' : 'IPv6'
}
