/** Whether a rule matches the first packet of a connection, and if not, why. Pure. */

import { hex } from '../../kernel/iproute/rule-spec.ts'
import type { FirstPacket } from '../../model/packet.ts'
import type { AddressSet, Match } from '../../model/rule.ts'
import { digitsOf } from '../../net/address-range.ts'
import { dscpNumbers } from '../../net/dscp.ts'
import type { Family, Range } from '../../net/family.ts'
import { matchesPattern } from '../../net/patterns.ts'

/** What only the kernel knows: whether a set that is filled by a name server, or from a file, has an address. */
export type Contains = (set: 'source' | 'destination' | 'domain', address: string) => boolean

/** Null where the rule matches; or the first thing that is otherwise, for people. */
export function mismatch(match: Match, packet: FirstPacket, contains: Contains): string | null {
  const { family, side, source, destination, sourcePort, destinationPort, protocol, dscp, user, cgroup } = packet
  const incoming = packet.interface
  const unless = (matches: boolean | undefined, reason: string) => (matches === false ? [reason] : [])
  const reasons = [
    ...unless(match.families.includes(family), `it is not for ${family === 'inet' ? 'IPv4' : 'IPv6'}`),
    ...unless(match.forwarded || match.interfaces ? side === 'forward' : undefined, 'it is for forwarded connections'),
    ...unless(
      match.interfaces?.some((one) => incoming !== null && matchesPattern(one, incoming)),
      `it comes in by ${incoming ?? 'none'}`,
    ),
    ...unless(match.users && side === 'local', "it is for the host's own programs"),
    ...unless(match.cgroup === undefined ? undefined : side === 'local', "it is for the host's own programs"),
    ...unless(match.users?.includes(user ?? -1), user === null ? 'no user is named' : `user ${user}`),
    ...unless(match.cgroup === undefined ? undefined : isBelow(cgroup, match.cgroup), `it is not in ${match.cgroup}`),
    ...unless(match.protocols?.includes(protocol), protocolName(protocol)),
    ...unless(within(match.destinationPorts, destinationPort), portName('port', destinationPort)),
    ...unless(within(match.sourcePorts, sourcePort), portName('source port', sourcePort)),
    ...unless(
      inSet(match.source, source, family, () => contains('source', source)),
      `source ${source}`,
    ),
    ...unless(
      inSet(match.destination, destination, family, () => contains('destination', destination)),
      `destination ${destination}`,
    ),
    ...unless(match.domains && contains('domain', destination), `${destination} is of none of its domains`),
    ...unless(match.dscp?.includes(dscp), `DSCP ${nameOf(dscp)}`),
    ...unless(hasMark(match.mark, packet.mark), packet.mark === 0 ? 'no mark' : `mark ${hex(packet.mark)}`),
  ]
  return reasons[0] ?? null
}

/** Without a mark in the rule, what others have marked is theirs. */
function hasMark(wanted: Match['mark'], mark: number): boolean {
  return wanted ? (mark & wanted.mask) >>> 0 === wanted.value : mark === 0
}

function within<T extends string | number>(ranges: readonly Range<T>[] | undefined, value: T): boolean | undefined {
  return ranges?.some(([first, last]) => first <= value && value <= last)
}

function inSet(
  set: AddressSet | undefined,
  address: string,
  family: Family,
  ofFile: () => boolean,
): boolean | undefined {
  return set?.kind === 'file' ? ofFile() : within(set?.ranges[family], digitsOf(address))
}

function isBelow(cgroup: string | null, wanted: string): boolean {
  return cgroup !== null && `${cgroup}/`.startsWith(`${wanted}/`)
}

function nameOf(dscp: number): string {
  return [...dscpNumbers].find(([, number]) => number === dscp)?.[0] ?? String(dscp)
}

export function protocolName(number: number): string {
  return protocolNames.get(number) ?? `protocol ${number}`
}

const protocolNames: ReadonlyMap<number, string> = new Map([
  [1, 'ICMP'],
  [6, 'TCP'],
  [17, 'UDP'],
  [58, 'ICMPv6'],
])

function portName(what: string, port: number): string {
  return port === 0 ? `no ${what} is named` : `${what} ${port}`
}
