/** IPv6 prefixes as numbers: `2001:db8:1200::/56`. */

export interface Prefix {
  /** 128 bits; those behind the prefix are 0. */
  readonly bits: bigint
  readonly length: number
}

const width = 128

/** Null where the text is no `ADDRESS/LENGTH`. What stands behind the prefix is dropped. */
export function parsePrefix(text: string): Prefix | null {
  const [, address = '', digits = ''] = /^([0-9A-Fa-f:.]+)\/(\d{1,3})$/.exec(text) ?? []
  const length = Number(digits)
  // The URL parser writes an address as RFC 5952 has it, or refuses it.
  const url = `http://[${address}]/`
  if (address === '' || length > width || !URL.canParse(url)) return null
  return extend({ bits: numberOf(new URL(url).hostname.slice(1, -1)), length: width }, length)
}

/** As iproute2 and nft write it. */
export function prefixText({ bits, length }: Prefix): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bits >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  return `${new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)}/${length}`
}

/** The prefix of another length: cut, or filled up with zeros. */
export function extend({ bits }: Prefix, length: number): Prefix {
  const behind = BigInt(width - length)
  return { bits: (bits >> behind) << behind, length }
}

/** Is it the outer one, or a part of it? */
export function isWithin(inner: Prefix, outer: Prefix): boolean {
  return inner.length >= outer.length && extend(inner, outer.length).bits === outer.bits
}

/** `2001:db8::1` without dots: the URL parser leaves none. */
function numberOf(address: string): bigint {
  const [before = '', after] = address.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const [head, tail] = [groups(before), groups(after ?? '')]
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n)
}

const unroutable = ['::/8', 'fe80::/10', 'ff00::/8'].flatMap((text) => parsePrefix(text) ?? [])

/**
 * A prefix that a provider may route to its customer, as iproute2 writes it; null for anything else there may be. Of 16
 * bits at least: more than any provider has is a mistake.
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

/** Those that are such, each once; of a list of anything. */
export function routedPrefixes(list: readonly unknown[]): readonly string[] {
  return [...new Set(list.flatMap((text) => routedPrefix(text) ?? []))].slice(0, maxPrefixes)
}

/** Of one uplink: more are never delegated to a home or an office. */
const maxPrefixes = 8
