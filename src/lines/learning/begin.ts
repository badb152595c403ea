/** What a round makes of what is known of lines: which are learned from, and what they begin with. Pure. */
import type { InForce, Spreading } from '../../model/spreading.ts'
import type { KnownLine } from '../../store/lines.ts'
import { getOwn } from '../../values/get-own.ts'
import { type LineModel, newLine } from '../capacity/line-model.ts'
import { fromStored } from '../capacity/stored.ts'
import { newSpread, type SpreadState } from '../spread/spread.ts'
import type { Aim, Watched } from './aim.ts'
import { type Learning, never } from './learning.ts'

/** What an earlier daemon has left: what was in force, and what it knew of lines. */
export interface Earlier {
  readonly spreading: Spreading | null
  readonly lines: ReadonlyMap<string, KnownLine>
  /** The clock on the wall, now, in ms. */
  readonly wallMs: number
}

/** After a round. Another wish begins anew; lines that come begin with what was known of them before. */
export function aimed(before: Learning, aim: Aim, earlier: Earlier, at: number): Learning {
  const models = new Map([...before.models].filter(([name]) => aim.names.includes(name)))
  for (const one of aim.watched) {
    if (models.get(one.name)?.device === one.device) continue
    models.set(one.name, { device: one.device, line: met(one, earlier, at) })
  }
  return {
    ...before,
    aim,
    spread: isSameWish(before, aim) ? before.spread : spreadFor(before, aim, earlier),
    ruleSpreads: ruleSpreadsFor(before, aim, earlier),
    models,
    heard: new Map([...before.heard].filter(([name]) => models.has(name))),
    // Whoever comes is not waited for.
    learnedAt: never,
  }
}

export function isSameWish({ aim }: Learning, { wish }: Aim): boolean {
  return aim !== null && JSON.stringify(aim.wish) === JSON.stringify(wish)
}

/** What an earlier daemon had in force goes on where it was made for the same. */
function spreadFor({ aim: former }: Learning, { wish }: Aim, { spreading }: Earlier): SpreadState {
  const isFirst = former === null
  return newSpread(isFirst && wish !== null && spreading?.spread === wish.spread ? inForceOf(spreading) : null)
}

function ruleSpreadsFor(before: Learning, { rules }: Aim, { spreading }: Earlier): Learning['ruleSpreads'] {
  const told = (key: string) => (before.aim === null ? getOwn(spreading?.rules ?? {}, key) : undefined)
  return new Map([...rules.keys()].map((key) => [key, before.ruleSpreads.get(key) ?? newSpread(told(key) ?? null)]))
}

function met({ name, device, bandwidth }: Watched, { lines, wallMs }: Earlier, at: number): LineModel {
  const known = lines.get(name)
  return known?.device === device ? fromStored(known.line, at, wallMs, bandwidth) : newLine(bandwidth)
}

function inForceOf({ weights, takes }: Spreading): InForce | null {
  return Object.keys(weights).length === 0 && takes === undefined ? null : { weights, ...(takes && { takes }) }
}
