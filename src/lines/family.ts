/** All lines of a family: each advances by itself (machine.ts), arbiter.ts finds the verdict for all. Pure. */
import type { LineState } from '../model/health.ts'
import { arbitrate } from './arbiter.ts'
import { advance } from './machine.ts'
import type { LineEffect, LineEvent, LineSettings, PathHealth } from './path-health.ts'
import { areShared } from './shared-misses.ts'

export interface Member {
  readonly line: PathHealth
  readonly settings: LineSettings
}

export interface LineNews {
  readonly key: string
  readonly event: LineEvent
}

export interface Together {
  readonly lines: ReadonlyMap<string, PathHealth>
  readonly told: ReadonlyMap<string, LineState>
  readonly effects: readonly { readonly key: string; readonly effect: LineEffect }[]
}

/**
 * How many lines are asked at a time because something of theirs is overdue. Each is asked by several programs, and a host
 * that is busy with starting them for sixty lines reads late what the others are answered: they would be overdue, too.
 */
const mostAsked = 8

/**
 * All lines after the news, and what everyone takes them for. `unprobed`: see arbiter.ts. News of a line that is not
 * there is ignored.
 */
export function advanceTogether(
  members: ReadonlyMap<string, Member>,
  news: readonly LineNews[],
  now: number,
  unprobed: boolean,
): Together {
  const lines = new Map([...members].map(([key, { line }]) => [key, line]))
  const effects: { key: string; effect: LineEffect }[] = []
  const dueAt = ({ key }: LineNews) => lines.get(key)?.dueAt ?? now
  let events = members.size > mostAsked ? news.toSorted((a, b) => dueAt(a) - dueAt(b)) : news
  for (;;) {
    for (const { key, event } of events) {
      const [line, settings] = [lines.get(key), members.get(key)?.settings]
      if (!line || !settings) continue
      const next = advance(line, inCompany(event, { key, line, settings }, members, lines, now), now, settings)
      lines.set(key, next.line)
      for (const effect of next.effects) effects.push({ key, effect })
    }
    const standings = [...members].flatMap(([key, { settings }]) => {
      const line = lines.get(key)
      return line ? [{ key, line, intervalMs: settings.intervalMs }] : []
    })
    const { told, orders } = arbitrate(standings, unprobed, now)
    // The loop ends, as each order changes what it was given for: a line that was asked has a burst, a witness is
    // noted, and an offline line stays so.
    if (orders.length === 0) return { lines, told, effects }
    events = orders.map(({ key, kind }) => ({ key, event: { kind } }))
  }
}

/** The event of one line with what it means beside the others. */
function inCompany(
  event: LineEvent,
  { key, line, settings }: Member & { readonly key: string },
  members: ReadonlyMap<string, Member>,
  lines: ReadonlyMap<string, PathHealth>,
  now: number,
): LineEvent {
  if (event.kind === 'tick') return countAsked(lines) >= mostAsked ? { ...event, isCrowded: true } : event
  const isAnswered = event.kind === 'answer' || (event.kind === 'opinion' && event.rttMs !== null)
  if (!isAnswered || line.misses === 0) return event
  const others = [...members].flatMap(([name, member]) => {
    const other = lines.get(name)
    return other && name !== key ? [{ line: other, intervalMs: member.settings.intervalMs }] : []
  })
  return { ...event, isShared: areShared({ line, intervalMs: settings.intervalMs }, others, now) }
}

function countAsked(lines: ReadonlyMap<string, PathHealth>): number {
  let count = 0
  for (const { burst } of lines.values()) if (burst !== null) count++
  return count
}
