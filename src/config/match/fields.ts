/** Every field of a [rule]. */
import type { MatchName, PacketTraits } from '../../model/match.ts'
import type { HashField } from '../../model/mode.ts'
import type { Family } from '../../net/family.ts'
import type { ValueParser } from '../values/values.ts'
import { destinationField, sourceField } from './addresses.ts'
import { cgroupField, cgroupOfPacket } from './cgroup.ts'
import { domainField } from './domain.ts'
import { dscpField, dscpOfPacket } from './dscp.ts'
import type { KeyField, MatchField } from './field.ts'
import { interfaceField } from './interface.ts'
import { markField, markOfPacket } from './mark.ts'
import { destinationPortField, sourcePortField } from './ports.ts'
import { protocolField } from './protocol.ts'
import type { TraitReader } from './trait.ts'
import { userField, userOfPacket } from './user.ts'

/** The fields in their order in keys of maps, and in what is asked before the look-up. */
const fieldsByName = {
  mark: markField,
  interfaces: interfaceField,
  source: sourceField,
  destination: destinationField,
  domains: domainField,
  protocols: protocolField,
  sourcePorts: sourcePortField,
  destinationPorts: destinationPortField,
  users: userField,
  dscp: dscpField,
  cgroup: cgroupField,
} as const satisfies Readonly<Record<MatchName, MatchField>>

/** Readers of what `ifbalance explain` has options for. */
const traitReaders: { readonly [Trait in keyof PacketTraits]: TraitReader<Trait> } = {
  user: userOfPacket,
  cgroup: cgroupOfPacket,
  mark: markOfPacket,
  dscp: dscpOfPacket,
}

export const fields = Object.entries(fieldsByName) as readonly (readonly [MatchName, MatchField])[]

type Fields = typeof fieldsByName

/** By key of a [rule], the name of its field, and the type that its reader reads. */
export type FieldReaders = {
  readonly [Name in keyof Fields as Fields[Name]['key']]: {
    readonly name: Name
    readonly read: Fields[Name]['reader'] extends ValueParser<infer T> ? T : never
  }
}

const hashed: Readonly<Record<HashField, KeyField>> = {
  source: sourceField.inKey,
  destination: destinationField.inKey,
  protocol: protocolField.inKey,
  sourcePort: sourcePortField.inKey,
  destinationPort: destinationPortField.inKey,
}

/** The nft expression of a field that a hash is taken of. */
export function expressionOf(field: HashField, family: Family): string {
  return hashed[field].expression(family)
}

/** What options of `ifbalance explain` say of a packet. Throws a Failure with what is wrong with an option's text. */
export function readTraits(
  options: Readonly<Record<keyof PacketTraits, string | undefined>>,
  userId: (name: string) => number | null,
): PacketTraits {
  const read = Object.entries(traitReaders).map(([trait, reader]) => [
    trait,
    reader(options[trait as keyof PacketTraits], userId),
  ])
  return Object.fromEntries(read) as PacketTraits
}

/** The traits of a value that may have other members. */
export function traitsIn(value: PacketTraits): PacketTraits {
  return Object.fromEntries(
    Object.keys(traitReaders).map((trait) => [trait, value[trait as keyof PacketTraits]]),
  ) as unknown as PacketTraits
}
