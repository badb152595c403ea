/**
 * Policy rules for sockets that have an uplink's address -> main's specific routes, then the uplink's table.
 *
 * The kernel walks rules one by one, and compares a source by a call of its own: with 63 uplinks, a connection's three look-ups met a
 * hundred of these each. So each uplink's two stand together, and from number 8 on a jump before each eight leads past them whoever has no address in the
 * prefix that all of the eight have in common. Where that is no help, as it covers others, it does no harm either. Pure.
 */
import type { RuleParts } from '../../../kernel/iproute/rule.ts'
import { ruleOffsets as at, boundAddressOffsets, jumpWidth, maxUplinks } from '../../../layout.ts'
import { addressOf, digitsOf } from '../../../net/address-range.ts'
import { prefixText } from '../../../net/ipv6-prefix.ts'

export interface Bound {
  readonly number: number
  readonly addresses: readonly string[]
}

interface Jump {
  readonly offset: number
  readonly from: string
  readonly target: number
}

/** Jumps, those that are others' targets first, and offsets where nothing stands that one of them leads to. */
export function pastAddresses(bound: readonly Bound[]) {
  const firsts = Array.from({ length: Math.floor(maxUplinks / jumpWidth) }, (_, index) => (index + 1) * jumpWidth)
  const after = (first: number) =>
    first + jumpWidth > maxUplinks ? at.end : boundAddressOffsets(first + jumpWidth).jump
  const jumps = firsts.toReversed().flatMap((first): readonly Jump[] => {
    const addresses = bound
      .filter(({ number }) => number >= first && number < first + jumpWidth)
      .flatMap((one) => one.addresses)
    const from = commonPrefix(addresses)
    return from === null ? [] : [{ offset: boundAddressOffsets(first).jump, from, target: after(first) }]
  })
  const landings = jumps
    .map(({ target }) => target)
    .filter((target) => target !== at.end && !jumps.some(({ offset }) => offset === target))
  return { jumps, landings }
}

/** The jump as a rule's parts, for who has another address. */
export function jumpPast({ from, target }: Jump, ruleBase: number): RuleParts {
  return { not: true, from, action: { goto: ruleBase + target } }
}

/** The longest prefix with all of the addresses in it, as ip(8) lists it; null where that is any address. */
function commonPrefix(addresses: readonly string[]): string | null {
  const all = addresses.map(digitsOf)
  const [first] = all
  if (first === undefined) return null
  const bits = all.map((digits) => BigInt(`0x${digits}`))
  const width = first.length * 4
  const different = bits.reduce((sum, one) => sum | (one ^ (bits[0] ?? 0n)), 0n)
  const behind = different === 0n ? 0 : different.toString(2).length
  if (behind === width) return null
  const cut = ((bits[0] ?? 0n) >> BigInt(behind)) << BigInt(behind)
  const length = width - behind
  const text =
    width === 32 ? `${addressOf(cut.toString(16).padStart(8, '0'))}/${length}` : prefixText({ bits: cut, length })
  return behind === 0 ? text.replace(/\/\d+$/, '') : text
}
