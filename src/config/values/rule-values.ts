/** Readers for what a [rule] does, and for sources that are exempt. Pure. */

import type { Sources } from '../../model/config.ts'
import type { Use } from '../../model/rule.ts'
import { mergeRanges, readAddressRange } from '../../net/address-range.ts'
import { isUplinkName, isWeight } from '../../net/valid.ts'
import { allOf, type ValueParser } from './values.ts'

export const sources: ValueParser<Sources> = {
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

export const shares: ValueParser<NonNullable<Use['uplinks']>> = {
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

export const duration: ValueParser<number> = {
  expected: 'a time such as 30s, 10m, 8h or 1d',
  read: (text) => {
    const [, amount, unit = ''] = /^(\d{1,5})([smhd])$/.exec(text) ?? []
    const seconds = Number(amount) * (secondsOf[unit] ?? Number.NaN)
    return seconds >= 1 && seconds <= 30 * 86400 ? seconds : null
  },
}
