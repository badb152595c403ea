/** Which number an uplink has. It is part of connections' marks, so it stays as long as the uplink is known. Pure. */
import { isOurTable, maxUplinks } from '../../../layout.ts'
import type { Config } from '../../../model/config.ts'
import type { Link } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { KnownUplink } from '../../../model/state.ts'

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

/**
 * Known uplinks with their numbers: those that are here or configured, and those that were here within the last hour.
 * Free numbers are given in order; when all 63 are taken, those of uplinks that nobody wants any more are given anew.
 * An uplink for which no number is left is not in the result.
 */
export function decideNumbers(
  wanted: readonly Wanted[],
  config: Config,
  observed: Observed,
): Readonly<Record<string, KnownUplink>> {
  const known = new Map(Object.entries(observed.state.uplinks))
  const names = new Set(wanted.map(({ name }) => name))
  for (const { name, interface: device, hardware } of wanted) {
    const former = known.has(name)
      ? undefined
      : (renamed(device, names, known) ?? pluggedInAgain(hardware ?? [], names, known, observed))
    if (former !== undefined) known.delete(former.name)
    const number = known.get(name)?.number ?? former?.number ?? inKernel(device, config, observed, known) ?? free(known)
    if (number !== null) {
      known.set(name, remembered(number, device, hardware, known.get(name)))
      continue
    }
    const forgotten = [...known].find(([other]) => !names.has(other))
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
function inKernel(
  device: string,
  { layout }: Config,
  { rules }: Observed,
  known: ReadonlyMap<string, KnownUplink>,
): number | null {
  const table = rules
    .map(({ spec }) => /^oif (\S+) lookup (\d+)$/.exec(spec))
    .find((found) => found?.[1] === device)?.[2]
  if (table === undefined || !isOurTable(Number(table), layout)) return null
  const number = Number(table) - layout.tableBase
  return number <= maxUplinks && !isTaken(number, known) ? number : null
}

function free(known: ReadonlyMap<string, KnownUplink>): number | null {
  for (let number = 1; number <= maxUplinks; number++) if (!isTaken(number, known)) return number
  return null
}

function isTaken(number: number, known: ReadonlyMap<string, KnownUplink>): boolean {
  return [...known.values()].some((uplink) => uplink.number === number)
}
