/** The uplinks, each with its number and state, and what is to be remembered of them. Pure. */
import type { Config } from '../../../model/config.ts'
import type { Observed } from '../../../model/observed.ts'
import { roleOf } from '../../../model/pair.ts'
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
  const role = roleOf(config, observed)
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
      return present(found, number, observed, role)
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
  if (role !== null) warnings.push(...unnumbered(uplinks, config))
  const told = withPrefixes(withWeights(uplinks, config, observed), known, config, observed)
  const remembered = withFamilies(told.known, candidates, config, observed)
  return { ...told, known: role === null ? remembered : withVerdicts(remembered, told.uplinks, observed), warnings }
}

/** Uplinks of a pair whose numbers may mean others on the peer: connections that come from there would leave by these. */
function unnumbered(uplinks: readonly Uplink[], config: Config): readonly Trouble[] {
  const isFixed = (name: string) =>
    config.uplinks.some((section) => section.name === name && section.number !== undefined)
  return uplinks.flatMap(({ name: uplink, number }) => {
    const reason = `uplink ${uplink}: has number ${number} by itself, and may have another on the peer: expected number = ...`
    return isFixed(uplink) ? [] : [{ kind: 'no-fixed-number', uplink, reason } as const]
  })
}

/** The known uplinks with those that were dead when they had an address last: one without cannot be asked. */
function withVerdicts(known: Uplinks['known'], uplinks: readonly Uplink[], { state }: Observed): Uplinks['known'] {
  return Object.fromEntries(
    Object.entries(known).map(([name, { wasDead: _, ...entry }]) => {
      const now = uplinks.find((uplink) => uplink.name === name)?.state
      const isUnasked = now === 'standby' || now === 'unconfigured'
      const wasDead = now === 'offline' || (isUnasked && getOwn(state.uplinks, name)?.wasDead)
      return [name, { ...entry, ...(wasDead && { wasDead }) }]
    }),
  )
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
