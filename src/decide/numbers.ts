/** Which number an uplink has. It is part of connections' marks, so it stays as long as the uplink is known. */
import { isOurTable, maxUplinks } from '../ids.ts'
import type { Config, KnownUplink, Observed } from '../model.ts'

/**
 * The uplinks that are here or configured -> their numbers, and those of uplinks that were here. Free numbers are given in
 * order; when all 63 are taken, those of uplinks that nobody wants any more are given anew. An uplink for which none is
 * left has none in the result.
 */
export function decideNumbers(
  wanted: readonly { readonly name: string; readonly interface: string }[],
  config: Config,
  observed: Observed,
): Readonly<Record<string, KnownUplink>> {
  const known = new Map(Object.entries(observed.state.uplinks))
  const names = new Set(wanted.map(({ name }) => name))
  for (const { name, interface: device } of wanted) {
    const former = known.has(name) ? undefined : renamed(device, names, known)
    if (former !== undefined) known.delete(former.name)
    const number = known.get(name)?.number ?? former?.number ?? inKernel(device, config, observed, known) ?? free(known)
    if (number !== null) {
      known.set(name, { number, interface: device })
      continue
    }
    const forgotten = [...known].find(([other]) => !names.has(other))
    if (!forgotten) continue
    known.delete(forgotten[0])
    known.set(name, { number: forgotten[1].number, interface: device })
  }
  return Object.fromEntries([...known].toSorted(([, a], [, b]) => a.number - b.number))
}

/** The uplink of this interface has got another name: its connections stay its own. */
function renamed(
  device: string,
  names: ReadonlySet<string>,
  known: ReadonlyMap<string, KnownUplink>,
): { readonly name: string; readonly number: number } | undefined {
  const found = [...known].find(([name, uplink]) => uplink.interface === device && !names.has(name))
  return found && { name: found[0], number: found[1].number }
}

/** Without a state file the rule `oif DEVICE lookup TABLE` of an earlier run tells. */
function inKernel(
  device: string,
  { numbers }: Config,
  { rules }: Observed,
  known: ReadonlyMap<string, KnownUplink>,
): number | null {
  const table = rules
    .map(({ spec }) => /^oif (\S+) lookup (\d+)$/.exec(spec))
    .find((found) => found?.[1] === device)?.[2]
  if (table === undefined || !isOurTable(Number(table), numbers)) return null
  const number = Number(table) - numbers.tableBase
  return number <= maxUplinks && !isTaken(number, known) ? number : null
}

function free(known: ReadonlyMap<string, KnownUplink>): number | null {
  for (let number = 1; number <= maxUplinks; number++) if (!isTaken(number, known)) return number
  return null
}

function isTaken(number: number, known: ReadonlyMap<string, KnownUplink>): boolean {
  return [...known.values()].some((uplink) => uplink.number === number)
}
