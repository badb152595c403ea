/** What a line begins with: nothing, or what an earlier daemon knew of it. Pure. */

import type { Health } from '../model/health.ts'
import type { Family } from '../net/family.ts'
import { newLine } from './machine.ts'
import type { LineSettings, PathHealth } from './path-health.ts'

/**
 * The first state of a line. Where all lines were offline, none was found guilty (see arbiter.ts), so none begins as
 * offline.
 */
export function firstLine(
  { uplink, family }: { readonly uplink: string; readonly family: Family },
  settings: LineSettings,
  inherited: Health,
  now: number,
): PathHealth {
  const line = newLine(now, settings)
  const former = inherited[uplink]?.[family]
  if (former?.state !== 'offline') return line
  if (wasGeneral(inherited, family)) return { ...line, why: former.why }
  return { ...line, state: 'offline', why: former.why }
}

function wasGeneral(health: Health, family: Family): boolean {
  return Object.values(health).every((lines) => (lines[family]?.state ?? 'offline') === 'offline')
}
