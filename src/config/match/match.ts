/** Whether a rule matches the first packet of a connection, and if not, why. Pure. */

import type { FirstPacket, Match, Side } from '../../model/match.ts'
import type { Contains } from './field.ts'
import { fields } from './fields.ts'

const byRank = fields.toSorted(([, a], [, b]) => a.rank - b.rank)

/** The first reason why the rule does not match, for people; null where it matches. */
export function mismatch(match: Match, packet: FirstPacket, contains: Contains): string | null {
  if (!match.families.includes(packet.family)) return `it is not for ${packet.family === 'inet' ? 'IPv4' : 'IPv6'}`
  if (match.forwarded && packet.side !== 'forward') return isFor.forward
  for (const [name, { side }] of byRank)
    if (match[name] !== undefined && side !== undefined && side !== packet.side) return isFor[side]
  for (const [, field] of byRank) {
    const reason = field.mismatch(match, packet, contains)
    if (reason !== null) return reason
  }
  return null
}

const isFor: Readonly<Record<Side, string>> = {
  forward: 'it is for forwarded connections',
  local: "it is for the host's own programs",
}
