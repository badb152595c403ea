/** A line's verdict as text for people, and as health for rounds. Pure. */

import { measured } from '../../lines/figures.ts'
import { heldForMs } from '../../lines/machine.ts'
import { degradedBy } from '../../lines/quality.ts'
import { missesOf } from '../../lines/standing.ts'
import type { LineHealth } from '../../model/health.ts'
import { eachFigure } from '../../model/line-figures.ts'
import type { Track } from './track.ts'

type Told = Pick<Track, 'egress' | 'line' | 'told' | 'settings' | 'lastProbe' | 'standings'>

/** What the line is taken for, and why, as one text line. */
export function verdict(track: Told, now: number): string {
  const { egress, line, told } = track
  const family = egress.family === 'inet' ? 'IPv4' : 'IPv6'
  const state = told !== 'offline' && line.degraded ? 'degraded' : told
  const missed = Object.entries(missesOf(track.standings)).map(([asked, why]) => `, misses ${asked} of rules: ${why}`)
  return `${egress.uplink} ${state} over ${family}: ${whyOf(track, now)}${missed.join('')}`
}

/** Why the line is in its state now; what led to it may be over. */
function whyOf({ line, told, settings }: Told, now: number): string {
  const heldMs = heldForMs(line, now)
  if (told === 'offline' && line.answers > 0 && heldMs > 0)
    return `it answers again, and is held down for ${Math.ceil(heldMs / 1000)} s more, as it failed before`
  if (line.silent && told === 'offline') return `${line.why}, and no other line answers`
  return (told === 'online' && line.degraded ? degradedBy(line, settings.bounds) : null) ?? line.why
}

/** The health with the quota's verdict, which counts for lines that nobody probes, too. */
export function withQuota(line: LineHealth | undefined, atQuota: 'demote' | 'disable' | null): LineHealth | undefined {
  if (atQuota === null) return line
  const unmeasured = eachFigure((_, { otherwise }) => otherwise)
  const blank = { state: 'online', since: Date.now(), ...unmeasured, lastProbe: null } as const
  return {
    ...(line ?? blank),
    degraded: true,
    why: 'its quota is used up',
    ...(atQuota === 'disable' ? { barred: true } : {}),
  }
}

/** The line's health as it is written down; `now` in monotonic ms. */
export function toHealth(track: Told, now: number): LineHealth {
  const { line, told, lastProbe, standings } = track
  const misses = missesOf(standings)
  return {
    state: told,
    degraded: line.degraded,
    ...(Object.keys(misses).length > 0 && { misses }),
    since: Math.round(Date.now() - (now - line.since)),
    why: whyOf(track, now),
    ...eachFigure((name) => measured[name](line)),
    lastProbe,
  }
}
