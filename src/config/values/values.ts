/** Readers of the configuration's values from their text. Each says what it expects when it refuses. Pure. */

import { maxUplinks } from '../../layout.ts'
import type { Masquerade } from '../../model/config.ts'
import type { Gateways } from '../../model/facts.ts'
import type { Family } from '../../net/family.ts'
import { routedPrefix } from '../../net/ipv6-prefix.ts'
import { ethernetMtu, leastMtu } from '../../net/mtu.ts'
import { familyOf, hostAddress, isGateway, isInterfaceName, isMetric, isWeightOrNone } from '../../net/valid.ts'

export interface ValueParser<T> {
  /** What is expected: the end of a sentence `expected ...`. */
  readonly expected: string
  /** The value; null where the text is no such value. */
  readonly read: (text: string) => T | null
}

/** One of these words. */
export function oneOf<const T extends string>(...choices: readonly T[]): ValueParser<T> {
  return { expected: choices.join(', '), read: (text) => choices.find((choice) => choice === text) ?? null }
}

/** Yes or no, in the words that systemd.syntax(7) takes, too. */
export const yesNo: ValueParser<boolean> = {
  expected: 'yes or no',
  read: (text) => {
    if (/^(yes|true|on|1)$/i.test(text)) return true
    return /^(no|false|off|0)$/i.test(text) ? false : null
  },
}

export const masquerade: ValueParser<Masquerade> = {
  expected: 'auto, yes or no',
  read: (text) => {
    if (/^auto$/i.test(text)) return 'auto'
    const always = yesNo.read(text)
    return always === null ? null : always ? 'yes' : 'no'
  },
}

/** A decimal number and nothing else: `010`, `0x10`, `1e3` and `-1` would each surprise someone. */
export function wholeNumber(expected: string, allowed: (value: number) => boolean): ValueParser<number> {
  return {
    expected: `a whole number, ${expected}`,
    read: (text) => (/^(0|[1-9]\d{0,9})$/.test(text) && allowed(Number(text)) ? Number(text) : null),
  }
}

const weightNumber = wholeNumber('0 to 256', isWeightOrNone)
export const weight: ValueParser<number | 'auto'> = {
  expected: 'auto, or a whole number, 0 to 256',
  read: (text) => (/^auto$/i.test(text) ? 'auto' : weightNumber.read(text)),
}

export const uplinkNumber = wholeNumber(`1 to ${maxUplinks}`, (value) => value >= 1 && value <= maxUplinks)

export const overflowAt = wholeNumber('10 to 100', (value) => value >= 10 && value <= 100)

/** Units as contracts count: a k is 1000. */
const bitUnits: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9 }

export const bandwidth: ValueParser<{ readonly down: number; readonly up: number }> = {
  expected: 'bits a second down and up, such as 100M/20M, with k, M or G',
  read: (text) => {
    const rates = text.split('/').map((word) => {
      const [, amount = '', unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)([kMG])$/.exec(word.trim()) ?? []
      return Math.round(Number(amount) * (bitUnits[unit] ?? 0))
    })
    const [down = 0, up = 0] = rates
    // The daemon takes no line for less than 8 kbit/s.
    return rates.length === 2 && Math.min(down, up) >= 8000 ? { down, up } : null
  },
}

/** At least what every IPv6 link has to take. */
const mtuNumber = wholeNumber('1280 to 1500', (value) => value >= leastMtu.inet6 && value <= ethernetMtu)
export const mtu: ValueParser<number | 'auto'> = {
  expected: 'auto, or a whole number, 1280 to 1500',
  read: (text) => (/^auto$/i.test(text) ? 'auto' : mtuNumber.read(text)),
}
export const metric = wholeNumber('0 to 65535', isMetric)

/** Our eight bits have to fit into the 32 of a mark. */
export const markShift = wholeNumber('0 to 24', (value) => value <= 24)

/** The kernel's own tables are 0 (unspecified) and 253 to 255, and numbers of tables have 32 bits. */
export const tableBase = wholeNumber(
  '0 to 154 or 255 to 4294967197, as tables base+1 to base+98 have to keep clear of 253 to 255',
  (base) => base + 98 < 253 || (base >= 255 && base + 98 <= 0xffffffff),
)

/** Priority 0 is the kernel's rule for table local, and our block has to end before the pair at 32765. */
export const ruleBase = wholeNumber(
  '1 to 31765, as rules base to base+999 have to stay before 32765',
  (base) => base >= 1 && base + 999 < 32765,
)

export const interfacePattern: ValueParser<string> = {
  expected: 'an interface name of at most 15 letters, digits, _ . - (or a pattern of these with * and ?)',
  read: (text) => (isInterfaceName(text) || isPattern(text) ? text : null),
}

/** Whether the text is a pattern that would be an interface's name with letters in place of the wildcards. */
function isPattern(text: string): boolean {
  return text.length <= 15 && isInterfaceName(text.replaceAll(/[*?]/g, 'x'))
}

export const gateways: ValueParser<Gateways> = {
  expected: 'an IPv4 address, an IPv6 address without %zone, or one of each',
  read: (text) => {
    const given: Partial<Record<Family, string>> = {}
    for (const address of text.split(/[\s,]+/)) {
      const family = (['inet', 'inet6'] as const).find((candidate) => isGateway(address, candidate))
      if (family === undefined || given[family] !== undefined) return null
      given[family] = address
    }
    return given
  },
}

export const sourceAddresses: ValueParser<Readonly<Partial<Record<Family, string>>>> = {
  expected: 'an IPv4 address, a global IPv6 address, or one of each',
  read: (text) => {
    const addresses = allOf(text, hostAddress)
    const given = new Map(addresses?.map((address) => [familyOf(address) ?? 'inet', address]))
    return addresses !== null && given.size === addresses.length ? Object.fromEntries(given) : null
  },
}

export const sharedAddress: ValueParser<string> = { expected: 'an IPv4 or a global IPv6 address', read: hostAddress }

export const holdSeconds = wholeNumber('1 to 60', (value) => value >= 1 && value <= 60)

export const readySeconds = wholeNumber('0 to 600', (value) => value <= 600)

export const prefixes: ValueParser<readonly string[]> = {
  expected: 'an IPv6 prefix such as 2001:db8:1200::/56, or several',
  read: (text) => {
    const read = text.split(/[\s,]+/).map(routedPrefix)
    return read.every((prefix) => prefix !== null) ? [...new Set(read)] : null
  },
}

/** The words between commas or white space, each read by `read`; null where one cannot be read, or there is none. */
export function allOf<T>(text: string, read: (word: string) => T | null): readonly T[] | null {
  const list = text.split(/[\s,]+/).map(read)
  return list.every((one) => one !== null) ? list : null
}
