/** Which number an uplink has. It is part of connections' marks, so it stays as long as the uplink is known. Pure. */
import { isOurTable, maxUplinks } from '../../../layout.ts'
import type { Config } from '../../../model/config.ts'
import type { Link } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { KeptNumber, KnownUplink, State } from '../../../model/state.ts'
import { getOwn } from '../../../values/get-own.ts'

interface Wanted {
  readonly name: string
  readonly interface: string
  /** `hardware` of the interface; absent while it is away. */
  readonly hardware?: readonly string[]
}

/**
 * How long an uplink that nobody configured stays known: a device that was only plugged out for a while keeps its
 * number, and one with a new name each time does not use them all up.
 */
export const rememberedSeconds = 3600

/** How long its number is kept for it after that, unless all others are taken: a stick that is back next week has it again. */
const keptSeconds = 30 * 86_400

/**
 * Known uplinks with their numbers: those that are here or configured, and those that were here within the last hour.
 * A number of the configuration is that uplink's alone. Others have what they had, also before the last boot, or the
 * first that is free; when all 63 are taken, those of uplinks that nobody wants any more, and that no connection has, are given anew. An uplink for
 * which no number is left is not in the result.
 */
export function decideNumbers(
  wanted: readonly Wanted[],
  config: Config,
  observed: Observed,
): Readonly<Record<string, KnownUplink>> {
  const fixed = fixedNumbers(config)
  const earlier = observed.earlierNumbers ?? {}
  const known = withFixed(observed.state.uplinks, fixed)
  const names = new Set(wanted.map(({ name }) => name))
  for (const { name, interface: device, hardware } of wanted) {
    const former = known.has(name)
      ? undefined
      : (renamed(device, names, known) ?? pluggedInAgain(hardware ?? [], names, known, observed))
    if (former !== undefined) known.delete(former.name)
    const told = [inKernel(device, config, observed), getOwn(earlier, name)?.number ?? null]
    const number =
      fixed.get(name) ??
      known.get(name)?.number ??
      former?.number ??
      told.find((one) => one !== null && isFree(one, known, fixed)) ??
      firstFree(known, fixed, new Set(Object.values(earlier).map(({ number: had }) => had)))
    if (number !== null) {
      known.set(name, remembered(number, device, hardware, known.get(name)))
      continue
    }
    const forgotten = longestGone(known, names)
    if (!forgotten) continue
    known.delete(forgotten[0])
    known.set(name, remembered(forgotten[1].number, device, hardware, undefined))
  }
  // Uplinks give numbers back after all others have theirs, so a number is nobody's for a round, in which its
  // connections are ended.
  const kept = [...known].flatMap(([name, uplink]) =>
    names.has(name) ? [[name, uplink] as const] : whileRemembered(name, uplink, observed),
  )
  return Object.fromEntries(kept.toSorted(([, a], [, b]) => a.number - b.number))
}

/** Of those that nobody wants, the one that has been gone for longest and has no connections. */
function longestGone(known: ReadonlyMap<string, KnownUplink>, names: ReadonlySet<string>) {
  const since = ([, { goneSince = Number.POSITIVE_INFINITY }]: readonly [string, KnownUplink]) => goneSince
  return [...known]
    .filter(([name, { drains }]) => !names.has(name) && !drains)
    .toSorted((one, other) => (since(one) < since(other) ? -1 : since(one) > since(other) ? 1 : 0))[0]
}

/**
 * The uplink, while it keeps its number: for an hour, and longer where its connections were not cut, as nothing else
 * could carry them.
 */
function whileRemembered(
  name: string,
  uplink: KnownUplink,
  { uptime }: Observed,
): readonly (readonly [string, KnownUplink])[] {
  if (uptime === undefined) return [[name, uplink]]
  const goneSince = Math.min(uplink.goneSince ?? uptime, uptime)
  return uptime - goneSince < rememberedSeconds || uplink.drains ? [[name, { ...uplink, goneSince }]] : []
}

/**
 * The entry to remember, with the hardware that the interface has now, or had before it was away or without an address.
 */
function remembered(
  number: number,
  device: string,
  hardware: readonly string[] | undefined,
  before: KnownUplink | undefined,
): KnownUplink {
  const isSame = before !== undefined && (hardware === undefined || before.interface === device)
  const ids = hardware?.length || !isSame ? (hardware ?? []) : (before.hardware ?? [])
  const moved = before !== undefined && before.interface !== device && ids.some((id) => before.hardware?.includes(id))
  const movedFrom = isSame ? before.movedFrom : moved ? (before.movedFrom ?? before.interface) : undefined
  return {
    number,
    interface: device,
    ...(ids.length > 0 && { hardware: ids }),
    ...(movedFrom !== undefined && { movedFrom }),
  }
}

/**
 * The uplink whose device this is: its interface is gone, and the device has a name that nobody knows, as wwan0 is
 * wwan1 now.
 */
function pluggedInAgain(
  hardware: readonly string[],
  names: ReadonlySet<string>,
  known: ReadonlyMap<string, KnownUplink>,
  { links }: Observed,
): { readonly name: string; readonly number: number } | undefined {
  const found = findByHardware(hardware, [...known], links)
  return found && !names.has(found.name) ? { name: found.name, number: found.number } : undefined
}

/**
 * The uplink with this hardware, among those whose interface is gone. The port tells more than the address, which cheap
 * sticks all share.
 */
export function findByHardware(
  hardware: readonly string[],
  known: readonly (readonly [string, KnownUplink])[],
  links: readonly Link[],
): { readonly name: string; readonly number: number } | undefined {
  if (hardware.length === 0) return undefined
  const here = new Set(links.map(({ name }) => name))
  const gone = known.filter(([, uplink]) => !here.has(uplink.interface))
  for (const id of hardware) {
    const found = gone.find(([, uplink]) => uplink.hardware?.includes(id))
    if (found) return { name: found[0], number: found[1].number }
  }
  return undefined
}

/** The uplink of this interface, where it has got another name: its connections stay its own. */
function renamed(
  device: string,
  names: ReadonlySet<string>,
  known: ReadonlyMap<string, KnownUplink>,
): { readonly name: string; readonly number: number } | undefined {
  const found = [...known].find(([name, uplink]) => uplink.interface === device && !names.has(name))
  return found && { name: found[0], number: found[1].number }
}

/** The number that the rule `oif DEVICE lookup TABLE` of an earlier run tells, for when the state file is lost. */
function inKernel(device: string, { layout }: Config, { rules }: Observed): number | null {
  const table = rules
    .map(({ spec }) => /^oif (\S+) lookup (\d+)$/.exec(spec))
    .find((found) => found?.[1] === device)?.[2]
  if (table === undefined || !isOurTable(Number(table), layout)) return null
  const number = Number(table) - layout.tableBase
  return number <= maxUplinks ? number : null
}

// ---- which numbers there are -----------------------------------------------------------------------------------

/** Numbers of the configuration, by uplink. */
type Fixed = ReadonlyMap<string, number>

/** Each number once, also where a configuration with errors says it twice. */
function fixedNumbers({ uplinks }: Config): Fixed {
  const fixed = new Map<string, number>()
  for (const { name, number } of uplinks)
    if (number !== undefined && ![...fixed.values()].includes(number)) fixed.set(name, number)
  return fixed
}

/** The known uplinks with the numbers of the configuration; whoever had another's gets one that is free. */
function withFixed(uplinks: Readonly<Record<string, KnownUplink>>, fixed: Fixed): Map<string, KnownUplink> {
  const owned = new Set(fixed.values())
  const entries = Object.entries(uplinks)
  const keeps = ([name, { number }]: (typeof entries)[number]) => fixed.has(name) || !owned.has(number)
  const known = new Map(
    entries.filter(keeps).map(([name, uplink]) => [name, { ...uplink, number: fixed.get(name) ?? uplink.number }]),
  )
  for (const [name, uplink] of entries.filter((entry) => !keeps(entry))) {
    const number = firstFree(known, fixed)
    if (number !== null) known.set(name, { ...uplink, number })
  }
  return known
}

function isFree(number: number, known: ReadonlyMap<string, KnownUplink>, fixed: Fixed): boolean {
  return ![...known.values(), ...[...fixed.values()].map((one) => ({ number: one }))].some(
    (uplink) => uplink.number === number,
  )
}

/** The first number that nobody has; those that somebody had before the last boot come last. */
function firstFree(
  known: ReadonlyMap<string, KnownUplink>,
  fixed: Fixed,
  had: ReadonlySet<number> = new Set(),
): number | null {
  const free = Array.from({ length: maxUplinks }, (_, index) => index + 1).filter((one) => isFree(one, known, fixed))
  return free.find((number) => !had.has(number)) ?? free[0] ?? null
}

/**
 * The numbers to keep: those of now, and for a month those of uplinks that are away, as long as nobody else has them. `now`
 * in seconds since 1970. Where the date leaps back, a month begins anew; where it leaps forward, a number is given anew.
 */
export function numbersToKeep(
  known: State['uplinks'],
  { earlierNumbers = {} }: Pick<Observed, 'earlierNumbers'>,
  now: number,
): Readonly<Record<string, KeptNumber>> {
  const taken = new Set(Object.values(known).map(({ number }) => number))
  const away = Object.entries(earlierNumbers).flatMap(([name, { number, goneSince = now }]) => {
    const since = Math.min(goneSince, now)
    const isKept = !taken.has(number) && !Object.hasOwn(known, name) && now - since < keptSeconds
    return isKept ? [[name, { number, goneSince: since }] as const] : []
  })
  return Object.fromEntries([
    ...away,
    ...Object.entries(known).map(([name, { number }]) => [name, { number }] as const),
  ])
}
