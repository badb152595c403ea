/** IPv6 prefixes as numbers: `2001:db8:1200::/56`. Pure. */

export interface Prefix {
  /** 128 bits, network order; those behind the prefix are 0. */
  readonly bits: bigint
  readonly length: number
}

const width = 128

/** A prefix from `ADDRESS/LENGTH`, or null. Bits behind the prefix are cleared. */
export function parsePrefix(text: string): Prefix | null {
  const [, address = '', digits = ''] = /^([0-9A-Fa-f:.]+)\/(\d{1,3})$/.exec(text) ?? []
  const length = Number(digits)
  // The URL parser writes an address as RFC 5952 has it, or refuses it.
  const url = `http://[${address}]/`
  if (address === '' || length > width || !URL.canParse(url)) return null
  return extend({ bits: numberOf(new URL(url).hostname.slice(1, -1)), length: width }, length)
}

/** A prefix as iproute2 and nft write it (RFC 5952). */
export function prefixText({ bits, length }: Prefix): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bits >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  return `${new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)}/${length}`
}

/** The prefix with another length: cut, or filled up with zeros. */
export function extend({ bits }: Prefix, length: number): Prefix {
  const behind = BigInt(width - length)
  return { bits: (bits >> behind) << behind, length }
}

/** Whether `inner` is `outer` or a part of it. */
export function isWithin(inner: Prefix, outer: Prefix): boolean {
  return inner.length >= outer.length && extend(inner, outer.length).bits === outer.bits
}

/** The 128 bits of an address as the URL parser writes it: without dots. */
function numberOf(address: string): bigint {
  const [before = '', after] = address.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const [head, tail] = [groups(before), groups(after ?? '')]
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}

const unroutable = ['::/8', 'fe80::/10', 'ff00::/8'].flatMap((text) => parsePrefix(text) ?? [])

/**
 * A prefix that a provider may route to its customer, as iproute2 writes it; null for anything else. A length below 16
 * is a mistake: no provider has as much.
 */
export function routedPrefix(text: unknown): string | null {
  const prefix = typeof text === 'string' ? parsePrefix(text) : null
  if (
    prefix === null ||
    prefix.length < 16 ||
    prefix.length === width ||
    unroutable.some((other) => isWithin(prefix, other))
  )
    return null
  return prefixText(prefix)
}

/** The prefixes in a list of anything that a provider may route: each once, `maxPrefixes` at most. */
export function routedPrefixes(list: readonly unknown[]): readonly string[] {
  return [...new Set(list.flatMap((text) => routedPrefix(text) ?? []))].slice(0, maxPrefixes)
}

/** What is taken of one uplink's prefixes: more are never delegated to a home or an office. */
const maxPrefixes = 8
