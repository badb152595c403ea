/** The uplinks, each with its number and state, and what is to be remembered of them. Pure. */
import type { Config } from '../../../model/config.ts'
import type { Observed } from '../../../model/observed.ts'
import type { KnownUplink } from '../../../model/state.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { getOwn } from '../../../values/get-own.ts'
import { type Candidate, findCandidates } from './candidates.ts'
import { withPrefixes } from './dhcpv6-pd.ts'
import { toldByOthers } from './lan.ts'
import { whatIsRefused, whatIsTooMuch } from './left-out.ts'
import { decideNumbers } from './uplink-ids.ts'
import { absent, lacksBearer, present } from './uplink-states.ts'
import { withWeights } from './weights.ts'

export interface Uplinks {
  readonly uplinks: readonly Uplink[]
  readonly known: Readonly<Record<string, KnownUplink>>
  readonly warnings: readonly Trouble[]
}

/**
 * Uplinks in the order of their numbers: those that are here, and those that earlier runs or the configuration know.
 */
export function decideUplinks(config: Config, observed: Observed): Uplinks {
  const warnings: Trouble[] = []
  const candidates = findCandidates(config, observed, warnings)
  const here = candidates.map(({ name, link }) => ({ name, interface: link.name, hardware: link.hardware }))
  const away = config.uplinks.filter(({ name }) => !here.some((uplink) => uplink.name === name))
  const known = decideNumbers([...here, ...away], config, observed)
  const uplinks = Object.entries(known).map(([name, { number, interface: device }]): Uplink => {
    const found = candidates.find((other) => other.name === name)
    if (found) {
      if (lacksBearer(found.link, observed))
        warnings.push({
          kind: 'no-bearer',
          uplink: name,
          reason: `uplink ${name}: its modem is not connected (ModemManager)`,
        })
      return present(found, number, observed)
    }
    return absent(
      name,
      number,
      device,
      config.uplinks.find((section) => section.name === name),
      observed,
    )
  })
  for (const uplink of uplinks) warnings.push(...whatIsRefused(uplink))
  for (const uplink of uplinks) warnings.push(...whatIsTooMuch(uplink, observed))
  for (const { name } of candidates)
    if (!Object.hasOwn(known, name))
      warnings.push({ kind: 'no-number', uplink: name, reason: `uplink ${name}: left out, all numbers are taken` })
  const told = withPrefixes(withWeights(uplinks, config, observed), known, config, observed)
  return { ...told, known: withFamilies(told.known, candidates, config, observed), warnings }
}

/**
 * The known uplinks with the families in which they were told of by more than their neighbours. What was told before
 * counts until the next boot.
 */
function withFamilies(
  known: Readonly<Record<string, KnownUplink>>,
  candidates: readonly Candidate[],
  config: Config,
  observed: Observed,
): Readonly<Record<string, KnownUplink>> {
  return Object.fromEntries(
    Object.entries(known).map(([name, entry]) => {
      const found = candidates.find((other) => other.name === name)
      const before = getOwn(observed.state.uplinks, name)?.families ?? []
      const told = families.filter(
        (family) =>
          before.includes(family) ||
          (found && found.ways[family] !== null && toldByOthers(family, found.link, found, config, observed)),
      )
      return [name, { ...entry, ...(told.length > 0 && { families: told }) }]
    }),
  )
}

const families = ['inet', 'inet6'] as const
