/** Readers for what the configuration says of probes, failback and quota. Pure. */
import { isIP } from 'node:net'
import { type ProbeKind, type ProbeTargets, probeKinds } from '../../model/probe-kind.ts'
import { hostOf } from '../../net/target.ts'
import { familyOf } from '../../net/valid.ts'
import { type ValueParser, wholeNumber } from './values.ts'

/** Seconds as a decimal -> milliseconds; `1e3` and `-1` would surprise someone. */
export const probeInterval: ValueParser<number> = {
  expected: 'seconds, 0.2 to 3600',
  read: (text) => {
    const ms = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) * 1000 : Number.NaN
    return ms >= 200 && ms <= 3_600_000 ? Math.round(ms) : null
  },
}

export const count = wholeNumber('1 to 100', (value) => value >= 1 && value <= 100)
export const quorum = wholeNumber('1 to 8', (value) => value >= 1 && value <= 8)
export const httpStatus = wholeNumber('100 to 599', (value) => value >= 100 && value <= 599)
export const resetDay = wholeNumber('1 to 28', (value) => value >= 1 && value <= 28)

/** A bound; its value is null where it is off. The object tells that from text that cannot be read. */
export interface Threshold {
  readonly value: number | null
}

function threshold(expected: string, most: number, scale: number): ValueParser<Threshold> {
  return {
    expected: `${expected}, or off`,
    read: (text) => {
      if (text === 'off') return { value: null }
      const value = /^\d{1,5}$/.test(text) ? Number(text) : 0
      return value >= 1 && value <= most ? { value: value * scale } : null
    },
  }
}

export const maxLatency = threshold('milliseconds, 1 to 60000', 60_000, 1)
export const maxJitter = threshold('milliseconds, 1 to 60000', 60_000, 1)
export const maxLoss = threshold('percent, 1 to 100', 100, 0.01)

/**
 * Targets of probes. They go to ping(8), into a socket or a path, so nothing begins with `-` or means something to a
 * shell.
 */
export const targets: ValueParser<readonly string[]> = {
  expected: 'up to 8 of: an address, ADDRESS:PORT, [IPV6]:PORT, http(s)://HOST/PATH, or one absolute path of a script',
  read: (text) => {
    const list = text.split(/[\s,]+/)
    return list.length <= 8 && list.every(isTarget) ? list : null
  },
}

function isTarget(text: string): boolean {
  return isAddressTarget(text) || isUrl(text) || isScriptPath(text)
}

/** Whether the kind of probe takes the target, which `targets` has read. */
export function isTargetOf(kind: ProbeKind, target: string): boolean {
  return fits[probeKinds[kind]](target, kind)
}

/** Whether a target that the reader took is one for the kind of probe. */
const fits: Readonly<Record<ProbeTargets, (target: string, kind: ProbeKind) => boolean>> = {
  hosts: (target) => familyOf(target) !== null,
  services: (target) => !isUrl(target) && !isScriptPath(target),
  pages: (target, kind) => isUrl(target) && target.startsWith(`${kind}:`),
  script: isScriptPath,
  gateway: () => false,
  nothing: () => false,
}

function isAddressTarget(text: string): boolean {
  const port = /^(?:\[.*\]|[\d.]+):(\d{1,5})$/.exec(text)?.[1]
  return familyOf(hostOf(text)) !== null && (port === undefined || (Number(port) >= 1 && Number(port) <= 65535))
}

function isUrl(text: string): boolean {
  if (!/^https?:\/\/[A-Za-z0-9.[\]:-]+(\/[A-Za-z0-9._~%/?=&+-]*)?$/.test(text) || text.length > 200) return false
  try {
    const { hostname } = new URL(text)
    return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(hostname)
  } catch {
    return false
  }
}

/** Whether the text is an absolute path without odd characters or parts such as `..`. */
export function isScriptPath(text: string): boolean {
  return /^(\/[A-Za-z0-9_][A-Za-z0-9_.+-]*)+$/.test(text) && text.length <= 200
}

/** A text to find in the page. */
export const bodyText: ValueParser<string> = {
  expected: 'up to 200 printable characters',
  read: (text) => (/^[\x20-\x7e]{1,200}$/.test(text) ? text : null),
}

export const dnsName: ValueParser<string> = {
  expected: 'a host name',
  read: (text) =>
    /^(?=.{1,250}$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9-]{1,63}\.?$/.test(text) &&
    !text.startsWith('-')
      ? text
      : null,
}

const units: Readonly<Record<string, number>> = { M: 1e6, G: 1e9, T: 1e12 }

/** Bytes, with units as contracts have them: a G is 1000 M. */
export const quota: ValueParser<number> = {
  expected: 'an amount such as 500M, 20G or 1.5T',
  read: (text) => {
    const [, amount = '', unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?)([MGT])$/.exec(text) ?? []
    const bytes = Number(amount) * (units[unit] ?? 0)
    return bytes > 0 ? Math.round(bytes) : null
  },
}
