/** The slot that nft would compute for a packet. Pure. */

import type { FirstPacket } from '../model/match.ts'
import type { HashField } from '../model/mode.ts'
import { digitsOf } from '../net/address-range.ts'
import { slotCount } from '../reconcile/decide/steering/slots.ts'
import { hashSeed } from '../reconcile/decide/steering/use.ts'
import { scaledHash } from './jhash.ts'

/**
 * The slot of a packet. As in nft, fields are concatenated as they are on the wire, each filled up to a multiple of
 * four bytes.
 */
export function slotOf(by: readonly HashField[], packet: FirstPacket): number {
  const bytes = by.flatMap((field) => [...filledUp(bytesOf(field, packet))])
  return scaledHash(Uint8Array.from(bytes), hashSeed, slotCount)
}

function bytesOf(field: HashField, packet: FirstPacket): readonly number[] {
  if (field === 'source' || field === 'destination')
    return (digitsOf(packet[field]).match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))
  if (field === 'protocol') return [packet.protocol]
  const port = field === 'sourcePort' ? packet.sourcePort : packet.destinationPort
  return [port >> 8, port & 0xff]
}

function filledUp(bytes: readonly number[]): readonly number[] {
  return [...bytes, ...Array<number>((4 - (bytes.length % 4)) % 4).fill(0)]
}
