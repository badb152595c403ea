/** What earlier runs left in /run: numbers of uplinks and former sysctl values. */
import { join } from 'node:path'
import type { Layout } from '../layout.ts'
import { maxUplinks, paths } from '../layout.ts'
import type { KnownUplink, State } from '../model/state.ts'
import { routedPrefix } from '../net/ipv6-prefix.ts'
import { familyOf, isUplinkName } from '../net/valid.ts'
import { objectOf } from '../values/checked.ts'
import { omitUndefined } from '../values/omit-undefined.ts'
import { isSaved, loadFile, loadFromDisk, saveFile } from './file.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

export const stateFile: Format<State> = {
  path: join(paths.run, 'state.json'),
  none: { uplinks: {}, sysctls: {} },
  parse: parseState,
  format: (state) => (isEmpty(state) ? '' : jsonText(state)),
}

/**
 * The state as saved last. No file, a broken one and one of a newer version are the same: nothing is remembered, and
 * the numbers are taken from the rules in the kernel (reconcile/decide/uplinks/uplink-ids.ts). Never throws.
 */
export function loadState(): State {
  return load(stateFile, "starting from the kernel's state", loadFile)
}

/** Saves the state. Never throws: see file.ts. */
export function saveState(state: State): void {
  saveFile(stateFile.path, stateFile.format(state))
}

/** Whether the next run will know the former value of this sysctl, which nobody else does. */
export function isFormerSaved(sysctl: string): boolean {
  return isSaved(stateFile.path) || sysctl in load(stateFile, 'nothing is remembered', loadFromDisk).sysctls
}

function isEmpty({ uplinks, sysctls, ...others }: State): boolean {
  return Object.keys({ ...uplinks, ...sysctls, ...omitUndefined(others) }).length === 0
}

function parseState(text: string): State {
  // Earlier versions wrote `numbers`.
  const { uplinks, sysctls, role, activeSince, numbers, layouts = numbers, subflows } = jsonObject(text)
  return {
    uplinks: withOwnNumbers(
      Object.entries(objectOf(uplinks)).filter((entry): entry is [string, KnownUplink] => isKnown(...entry)),
    ),
    sysctls: Object.fromEntries(
      Object.entries(objectOf(sysctls)).filter((entry): entry is [string, string] => isFormer(...entry)),
    ),
    ...(isSubflows(subflows) ? { subflows } : {}),
    ...(role === 'active' || role === 'standby' ? { role } : {}),
    ...(role === 'active' && typeof activeSince === 'number' && activeSince >= 0 ? { activeSince } : {}),
    ...(Array.isArray(layouts) ? { layouts: layouts.filter(isLayout) } : {}),
  }
}

/**
 * Uplinks whose numbers are their own. A number that comes twice stays with the first, and the other uplink gets a new
 * one.
 */
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
    left,
    wasDead,
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
    (wasDead === undefined || wasDead === true) &&
    (left === undefined ||
      Object.entries(objectOf(left)).every(
        ([address, since]) => familyOf(address) !== null && Number.isFinite(since),
      )) &&
    // `hardware` is only ever compared, so any texts do.
    (hardware === undefined || (Array.isArray(hardware) && hardware.every((id) => typeof id === 'string')))
  )
}

function isFamilies(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((family) => ['inet', 'inet6'].includes(family)))
}

function isSubflows(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255
}

function isLayout(value: unknown): value is Layout {
  if (typeof value !== 'object' || value === null) return false
  const { markShift, tableBase, ruleBase } = value as Partial<Record<keyof Layout, unknown>>
  return [markShift, tableBase, ruleBase].every((number) => Number.isInteger(number) && Number(number) >= 0)
}

/** Whether the value is an interface's name, or the pattern of an interface that has not been seen yet. */
function isInterfaceOrPattern(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9*?][A-Za-z0-9_.*?-]{0,14}$/.test(value)
}

function isFormer(name: string, value: unknown): boolean {
  return (
    /^net\/ipv[46]\/[A-Za-z0-9_./-]+$/.test(name) &&
    !name.includes('..') &&
    typeof value === 'string' &&
    /^-?\d+$/.test(value)
  )
}
