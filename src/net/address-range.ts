/**
 * Addresses as ranges of digits: fixed-width hexadecimal strings, which sort as the addresses do, in both families.
 * Pure.
 */
import type { Family, Range } from './family.ts'
import { familyOf } from './valid.ts'

const elementPattern = /^([0-9A-Fa-f.:]{2,45})(?:([/-])([0-9A-Fa-f.:]{1,45}))?$/
const lengthPattern = /^(0|[1-9]\d{0,2})$/

const bitsOf = { inet: 32, inet6: 128 } as const

export interface AddressRange {
  readonly family: Family
  readonly range: Range<string>
}

/**
 * A range from `192.0.2.1`, `2001:db8::/32` or `192.0.2.5-192.0.2.9`; null for anything else. Bits behind a prefix are
 * cleared.
 */
export function readAddressRange(text: string): AddressRange | null {
  const family = familyOfElement(text)
  if (family === null) return null
  const [, from = '', separator = '', to = ''] = elementPattern.exec(text) ?? []
  const first = digitsOf(from)
  if (separator === '') return { family, range: [first, first] }
  return { family, range: separator === '/' ? prefixRange(first, Number(to), family) : [first, digitsOf(to)] }
}

/**
 * The family of what `readAddressRange` would read, or null. Lists of many elements go to nft(8) as they are, and need
 * no more.
 */
export function familyOfElement(text: string): Family | null {
  const [, from = '', separator, to = ''] = elementPattern.exec(text) ?? []
  const family = familyOf(from)
  if (family === null || separator === undefined) return family
  if (separator === '-') return familyOf(to) === family && digitsOf(from) <= digitsOf(to) ? family : null
  return lengthPattern.test(to) && Number(to) <= bitsOf[family] ? family : null
}

/** The same ranges, sorted and without overlaps. */
export function mergeRanges<T extends string | number>(ranges: readonly Range<T>[]): readonly Range<T>[] {
  const merged: Range<T>[] = []
  for (const range of ranges.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const last = merged.at(-1)
    if (last === undefined || range[0] > last[1]) merged.push(range)
    else if (range[1] > last[1]) merged.splice(-1, 1, [last[0], range[1]])
  }
  return merged
}

/** Whether an address is in one of the ranges, which are sorted; a binary search, as there may be a million. */
export function isInRanges(ranges: readonly Range<string>[], digits: string): boolean {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.[1] ?? '') < digits) low = middle + 1
    else high = middle
  }
  const range = ranges[low]
  return range !== undefined && range[0] <= digits
}

/** The ranges of one family that these texts say, sorted and without overlaps. */
export function rangesIn(family: Family, texts: readonly string[]): readonly Range<string>[] {
  const ranges = texts.flatMap((text): Range<string>[] => {
    const element = readAddressRange(text)
    return element?.family === family ? [element.range] : []
  })
  return mergeRanges(ranges)
}

/** The digits of a valid address: 8 for IPv4 (`0a000001`), 32 for IPv6. */
export function digitsOf(address: string): string {
  if (familyOf(address) === 'inet')
    return address
      .split('.')
      .map((part) => Number(part).toString(16).padStart(2, '0'))
      .join('')
  const [head = '', tail] = withoutDots(address).split('::')
  const left = groups(head)
  const right = groups(tail ?? '')
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  return [...left, ...Array<string>(zeros).fill('0000'), ...right].join('').toLowerCase()
}

/** The address of such digits, as nft(8) reads it; IPv6 is not abbreviated. */
export function addressOf(digits: string): string {
  if (digits.length === 8) return (digits.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).join('.')
  return (digits.match(/..../g) ?? []).join(':')
}

/**
 * Ranges as nft(8) lists them in a set, sorted as text: neighbours are joined, a range that is a prefix is written as
 * one, and addresses are as in RFC 5952.
 */
export function elementsOf(ranges: readonly Range<string>[]): readonly string[] {
  const joined: [string, string][] = []
  for (const [first, last] of mergeRanges(ranges)) {
    const before = joined.at(-1)
    if (before && beside(before[1], 1n) === first) before[1] = last
    else joined.push([first, last])
  }
  return joined.map(elementText).sort()
}

/** Ranges as nft lists them on the right side of `saddr` (see kernel/nft/rule-listing.ts). */
export function listedSources(ranges: readonly Range<string>[]): string {
  const elements = elementsOf(ranges)
  const [only = ''] = elements
  return elements.length === 1 && /[/-]/.test(only) ? only : `{ ${elements.join(', ')} }`
}

/** What of the ranges is in none of the others. */
export function withoutRanges(
  ranges: readonly Range<string>[],
  others: readonly Range<string>[],
): readonly Range<string>[] {
  return others.reduce<readonly Range<string>[]>(
    (left, [from, to]) =>
      left.flatMap(([first, last]): Range<string>[] => {
        if (last < from || first > to) return [[first, last]]
        return [
          ...(first < from ? [[first, beside(from, -1n)] as const] : []),
          ...(last > to ? [[beside(to, 1n), last] as const] : []),
        ]
      }),
    mergeRanges(ranges),
  )
}

function beside(digits: string, step: bigint): string {
  return (BigInt(`0x${digits}`) + step).toString(16).padStart(digits.length, '0')
}

function elementText([first, last]: Range<string>): string {
  const size = BigInt(`0x${last}`) - BigInt(`0x${first}`) + 1n
  const hostBits = size.toString(2).length - 1
  const isPrefix = size === 1n << BigInt(hostBits) && BigInt(`0x${first}`) % size === 0n
  const write = (digits: string) => shortest(addressOf(digits))
  if (size === 1n) return write(first)
  return isPrefix ? `${write(first)}/${first.length * 4 - hostBits}` : `${write(first)}-${write(last)}`
}

function shortest(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address
}

function groups(text: string): readonly string[] {
  return text === '' ? [] : text.split(':').map((group) => group.padStart(4, '0'))
}

/** IPv6 with dots (`::ffff:192.0.2.1`) -> the last two groups in hexadecimal, too. */
function withoutDots(address: string): string {
  return address.replace(/[\d.]+\.[\d.]+$/, (dotted) => `${digitsOf(dotted).slice(0, 4)}:${digitsOf(dotted).slice(4)}`)
}

function prefixRange(digits: string, length: number, family: Family): Range<string> {
  const value = BigInt(`0x${digits}`)
  const open = BigInt(bitsOf[family] - length)
  const first = (value >> open) << open
  const last = first | ((1n << open) - 1n)
  const write = (number: bigint) => number.toString(16).padStart(digits.length, '0')
  return [write(first), write(last)]
}
