/** What earlier runs left in /run: numbers of uplinks and former sysctl values. */

import type { Numbers } from '../layout.ts'
import { maxUplinks } from '../layout.ts'
import type { KnownUplink, State } from '../model/state.ts'
import { routedPrefix } from '../net/ipv6-prefix.ts'
import { isUplinkName } from '../net/valid.ts'
import { log, messageOf } from '../os/log.ts'

const emptyState: State = { uplinks: {}, sysctls: {} }

/**
 * Half a file, a file of a newer version or no file are the same: nothing is remembered, and the numbers are taken from
 * the rules in the kernel (reconcile/decide/numbers.ts).
 */
export function parseState(text: string | null): State {
  if (text === null) return emptyState
  try {
    const { uplinks, sysctls, numbers } = JSON.parse(text) as {
      uplinks: Record<string, unknown>
      sysctls: Record<string, unknown>
      numbers?: unknown
    }
    return {
      uplinks: withOwnNumbers(
        Object.entries(uplinks).filter((entry): entry is [string, KnownUplink] => isKnown(...entry)),
      ),
      sysctls: Object.fromEntries(
        Object.entries(sysctls).filter((entry): entry is [string, string] => isFormer(...entry)),
      ),
      ...(Array.isArray(numbers) ? { numbers: numbers.filter(isNumbers) } : {}),
    }
  } catch (error) {
    log.warning(`reading what earlier runs remembered: ${messageOf(error)}; starting from the kernel's state`)
    return emptyState
  }
}

/** A number that comes twice is the first one's: the other uplink gets another. */
function withOwnNumbers(uplinks: readonly [string, KnownUplink][]): State['uplinks'] {
  const owners = new Map(uplinks.toReversed().map(([name, { number }]) => [number, name]))
  return Object.fromEntries(uplinks.filter(([name, { number }]) => owners.get(number) === name))
}

function isKnown(name: string, value: unknown): boolean {
  if (!isUplinkName(name) || typeof value !== 'object' || value === null) return false
  const {
    number,
    interface: device,
    hardware,
    movedFrom,
    drains,
    goneSince,
    prefixes,
    families,
  } = value as Partial<Record<keyof KnownUplink, unknown>>
  return (
    Number.isInteger(number) &&
    Number(number) >= 1 &&
    Number(number) <= maxUplinks &&
    isInterfaceOrPattern(device) &&
    (goneSince === undefined || Number.isFinite(goneSince)) &&
    (movedFrom === undefined || isInterfaceOrPattern(movedFrom)) &&
    (prefixes === undefined ||
      (Array.isArray(prefixes) && prefixes.every((prefix) => routedPrefix(prefix) !== null))) &&
    [drains, families].every(isFamilies) &&
    // Only ever compared.
    (hardware === undefined || (Array.isArray(hardware) && hardware.every((id) => typeof id === 'string')))
  )
}

function isFamilies(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((family) => ['inet', 'inet6'].includes(family)))
}

function isNumbers(value: unknown): value is Numbers {
  if (typeof value !== 'object' || value === null) return false
  const { markShift, tableBase, ruleBase } = value as Partial<Record<keyof Numbers, unknown>>
  return [markShift, tableBase, ruleBase].every((number) => Number.isInteger(number) && Number(number) >= 0)
}

/** An interface, or the pattern of one that has not been seen yet. */
function isInterfaceOrPattern(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9*?][A-Za-z0-9_.*?-]{0,14}$/.test(value)
}

function isFormer(name: string, value: unknown): boolean {
  return /^net\/ipv[46]\/[A-Za-z0-9_./-]+$/.test(name) && !name.includes('..') && /^-?\d+$/.test(String(value))
}
