/** Readers for what a [rule] matches and does. Pure. */

import type { Sources } from '../model/config.ts'
import type { AddressSet, Use } from '../model/rule.ts'
import { mergeRanges, readAddressRange } from '../net/address-range.ts'
import { dscpNumbers } from '../net/dscp.ts'
import type { Range } from '../net/family.ts'
import { isUplinkName, isWeight } from '../net/valid.ts'
import { dnsName, isScriptPath } from './probe-values.ts'
import { interfacePattern, type Reader } from './values.ts'

/** A file is named here and read later. */
export type Addresses = AddressSet | { readonly kind: 'path'; readonly path: string }

export const addresses: Reader<Addresses> = {
  expected: 'addresses, prefixes or ranges FIRST-LAST, or the path of a file of these',
  read: (text) => {
    if (text.startsWith('/')) return isScriptPath(text) ? { kind: 'path', path: text } : null
    const ranges = readRanges(text)
    return ranges && { kind: 'ranges', ranges }
  },
}

export const sources: Reader<Sources> = {
  expected: 'addresses, prefixes or ranges FIRST-LAST',
  read: readRanges,
}

function readRanges(text: string): Sources | null {
  const list = allOf(text, readAddressRange)
  if (list === null) return null
  const of = (family: 'inet' | 'inet6') =>
    mergeRanges(list.filter((one) => one.family === family).map(({ range }) => range))
  return { inet: of('inet'), inet6: of('inet6') }
}

export const ports: Reader<readonly Range<number>[]> = {
  expected: 'ports 1 to 65535, or ranges FIRST-LAST of them',
  read: (text) => {
    const list = allOf(text, readPorts)
    return list && mergeRanges(list)
  },
}

function readPorts(text: string): Range<number> | null {
  const [, from, to] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const [first, last] = [Number(from), Number(to ?? from)]
  return first >= 1 && first <= last && last <= 65535 ? [first, last] : null
}

const protocolNumbers: ReadonlyMap<string, readonly number[]> = new Map([
  // ICMP's number is another one in IPv6.
  ['icmp', [1, 58]],
  ['igmp', [2]],
  ['tcp', [6]],
  ['udp', [17]],
  ['dccp', [33]],
  ['gre', [47]],
  ['esp', [50]],
  ['ah', [51]],
  ['sctp', [132]],
  ['udplite', [136]],
])

export const protocolsWithPorts: readonly number[] = [6, 17, 33, 132, 136]

export const protocols: Reader<readonly number[]> = {
  expected: `${[...protocolNumbers.keys()].join(', ')}, or numbers up to 255`,
  read: (text) => {
    const list = allOf(text, (word) => {
      const number = /^\d{1,3}$/.test(word) && Number(word) <= 255 ? [Number(word)] : null
      return protocolNumbers.get(word) ?? number
    })
    return list && [...new Set(list.flat())]
  },
}

export const dscp: Reader<readonly number[]> = {
  expected: 'names such as ef, cs5 or af41, or numbers up to 63',
  read: (text) => {
    const number = (word: string) => (/^\d{1,2}$/.test(word) && Number(word) <= 63 ? Number(word) : null)
    const list = allOf(text, (word) => dscpNumbers.get(word.toLowerCase()) ?? number(word))
    return list && [...new Set(list)].sort((a, b) => a - b)
  },
}

export const interfaces: Reader<readonly string[]> = {
  expected: `${interfacePattern.expected}, or several`,
  read: (text) => allOf(text, interfacePattern.read),
}

export const mark: Reader<{ readonly value: number; readonly mask: number }> = {
  expected: 'a mark such as 0x10, or with a mask 0x10/0xff',
  read: (text) => {
    const [, value, mask] = /^(0x[0-9a-f]{1,8}|\d{1,9})(?:\/(0x[0-9a-f]{1,8}))?$/i.exec(text) ?? []
    const read = { value: Number(value), mask: Number(mask ?? 0xffffffff) }
    return read.value > 0 && (read.value & ~read.mask) >>> 0 === 0 ? read : null
  },
}

/** adduser(8)'s names, or a number; whether there is such a user is looked up later. */
export const users: Reader<readonly string[]> = {
  expected: 'names or numbers of users',
  read: (text) => allOf(text, (word) => (/^([a-z_][a-z0-9_-]{0,31}|\d{1,9})$/.test(word) ? word : null)),
}

export const cgroup: Reader<string> = {
  expected: 'a path below the root of the control groups, such as system.slice/backup.service',
  read: (text) =>
    /^[A-Za-z0-9_][A-Za-z0-9_.@:\\-]*(\/[A-Za-z0-9_][A-Za-z0-9_.@:\\-]*)*$/.test(text) && text.length <= 200
      ? text
      : null,
}

export const domains: Reader<readonly string[]> = {
  expected: 'host names',
  read: (text) => allOf(text, dnsName.read),
}

export const shares: Reader<NonNullable<Use['uplinks']>> = {
  expected: 'names of uplinks, each with :WEIGHT (1 to 256) or without, or none',
  read: (text) => {
    if (text === 'none') return []
    const list = allOf(text, readShare)
    return list && new Set(list.map(({ name }) => name)).size === list.length ? list : null
  },
}

function readShare(text: string): { name: string; weight?: number } | null {
  const [, name = '', weight] = /^([^:]+)(?::(\d{1,3}))?$/.exec(text) ?? []
  if (!isUplinkName(name)) return null
  if (weight === undefined) return { name }
  return isWeight(Number(weight)) ? { name, weight: Number(weight) } : null
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 }

export const duration: Reader<number> = {
  expected: 'a time such as 30s, 10m, 8h or 1d',
  read: (text) => {
    const [, amount, unit = ''] = /^(\d{1,5})([smhd])$/.exec(text) ?? []
    const seconds = Number(amount) * (secondsOf[unit] ?? Number.NaN)
    return seconds >= 1 && seconds <= 30 * 86400 ? seconds : null
  },
}

/** Words between commas or white space, each read; null where one cannot be, or there is none. */
function allOf<T>(text: string, read: (word: string) => T | null): readonly T[] | null {
  const list = text.split(/[\s,]+/).map(read)
  return list.every((one) => one !== null) ? list : null
}
