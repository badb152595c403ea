/** What `ifbalance explain` is told of a packet: readers for the text of its options. */
import type { PacketTraits } from '../../model/match.ts'
import { Failure } from '../../os/error.ts'

/** Reads an option's text; undefined: the option was not given. Throws a Failure with what is wrong with the text. */
export type TraitReader<Trait extends keyof PacketTraits> = (
  text: string | undefined,
  userId: (name: string) => number | null,
) => PacketTraits[Trait]

/**
 * The number of an option, in decimal or 0x..., up to `most`; null where it was not given. Throws a Failure for other
 * texts.
 */
export function numberOption(name: string, text: string | undefined, most: number): number | null {
  if (text === undefined) return null
  const value = /^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : Number.NaN
  if (!(value <= most)) throw new Failure('usage', `--${name} "${text}": expected a number up to ${most}`)
  return value
}
