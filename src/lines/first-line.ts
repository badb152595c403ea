/** What a line begins with: nothing, or what a daemon before this one knew of it. Pure. */
import type { Family, Health } from '../model/model.ts'
import type { Line, LineSettings } from './line.ts'
import { newLine } from './machine.ts'
import type { Way } from './probes/probes.ts'

/** Where all lines were offline, none was found guilty: see arbiter.ts. */
export function firstLine({ uplink, family }: Way, settings: LineSettings, inherited: Health, now: number): Line {
  const line = newLine(now, settings)
  const former = inherited[uplink]?.[family]
  if (former?.state !== 'offline') return line
  if (wasGeneral(inherited, family)) return { ...line, why: former.why }
  return { ...line, state: 'offline', why: former.why }
}

function wasGeneral(health: Health, family: Family): boolean {
  return Object.values(health).every((lines) => (lines[family]?.state ?? 'offline') === 'offline')
}
