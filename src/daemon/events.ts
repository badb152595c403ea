/** What a round has found changed, as events for the log: which uplink, to what, and why. Pure. */
import { whyNoLine } from '../lines/no-line.ts'
import type { Desired } from '../model/desired.ts'
import type { Event } from '../model/event.ts'
import type { Observed } from '../model/observed.ts'
import type { Pair } from '../model/pair.ts'
import type { Role } from '../model/state.ts'
import { settled, type Uplink, type UplinkState } from '../model/uplink.ts'
import type { Family } from '../net/family.ts'
import { getOwn } from '../values/get-own.ts'

export interface Scene {
  readonly observed: Observed
  readonly uplinks: Desired['uplinks']
  /** Names of the uplinks that take new connections now. */
  readonly carrying: readonly string[]
  /** Absent where this router has no peer. */
  readonly pair?: Pair
}

/** An uplink; with a family, its line there. */
interface Subject {
  readonly uplink: string
  readonly family?: Family
}

/** What was last told of a subject; `since` in milliseconds of a monotonic clock. */
interface Told {
  readonly subject: Subject
  readonly state: UplinkState
  readonly since: number
}

export interface Telling {
  /** Names of the uplinks that are drained. */
  readonly drained: ReadonlySet<string>
  readonly told: ReadonlyMap<string, Told>
  readonly carrying: readonly string[]
  readonly role?: Role
}

/**
 * The news, and what is told from now on. `before` is null at the start: then everything is told that does not work.
 * `at` in milliseconds of a monotonic clock.
 */
export function eventsOf(
  before: Telling | null,
  scene: Scene,
  at: number,
): { events: readonly Event[]; telling: Telling } {
  const told = new Map<string, Told>()
  const news: Extract<Event, { event: 'uplink' | 'drain' }>[] = []
  const drained = new Set(scene.uplinks.flatMap(({ name, drained }) => (drained ? [name] : [])))
  for (const { subject, state, reason } of scene.uplinks.flatMap((uplink) => itemsOf(uplink, scene, before))) {
    const was = before?.told.get(keyOf(subject))
    told.set(keyOf(subject), was?.state === state ? was : { subject, state, since: at })
    // At the start, and for a line that has just come, only what does not work is news.
    const isNews = was ? was.state !== state : state !== 'online' || (before !== null && subject.family === undefined)
    if (!isNews) continue
    const lasted = was && { durationMs: at - was.since }
    news.push({ event: 'uplink', ...subject, from: was?.state ?? null, to: state, reason, ...lasted })
  }
  for (const [key, { subject, state, since }] of before?.told ?? []) {
    if (told.has(key) || subject.family !== undefined) continue
    news.push({ event: 'uplink', ...subject, from: state, to: 'gone', reason: '', durationMs: at - since })
  }
  for (const { name: uplink, drained: by } of scene.uplinks) {
    if (drained.has(uplink) === (before?.drained.has(uplink) ?? false)) continue
    const reason = by === 'weight' ? 'its weight is 0' : 'by command'
    news.push({ event: 'drain', uplink, drained: by !== undefined, reason: by ? reason : '' })
  }
  const { carrying, pair } = scene
  const moved = before === null || carrying.join() !== before.carrying.join()
  const rest: Event = { event: 'carrying', carrying }
  const events = moved ? (news.length > 0 ? news.map((one) => ({ ...one, carrying })) : [rest]) : news
  return {
    events: [...roleEvents(before?.role ?? null, pair), ...events],
    telling: { told, drained, carrying, ...(pair && { role: pair.role }) },
  }
}

function roleEvents(from: Role | null, pair: Pair | undefined): readonly Event[] {
  if (pair === undefined || pair.role === from) return []
  return [{ event: 'role', from, to: pair.role, usable: pair.usable, reason: pair.why }]
}

/** A key for the subject; names of uplinks have no comma. */
function keyOf({ uplink, family }: Subject): string {
  return `${uplink},${family ?? ''}`
}

/** The uplink, and while it works, each of its lines that has a state of its own to tell. */
function itemsOf(uplink: Uplink, scene: Scene, before: Telling | null) {
  const state = settled(uplink.state, before?.told.get(keyOf({ uplink: uplink.name }))?.state)
  const all = { subject: { uplink: uplink.name } as Subject, state, reason: reasonOf(uplink, state, scene) }
  const works = state === 'online' || state === 'degraded'
  const lines = (['inet', 'inet6'] as const).flatMap((family) => {
    const line = uplink[family]?.line
    if (!works || !line) return []
    const lineState: UplinkState = line.state === 'offline' ? line.state : 'online'
    return [{ subject: { uplink: uplink.name, family }, state: lineState, reason: whyOf(uplink, family, scene) }]
  })
  return [all, ...lines]
}

function reasonOf(uplink: Uplink, state: UplinkState, scene: Scene): string {
  const noLine = whyNoLine(uplink, scene.observed)
  if (noLine !== null) return noLine
  if (state === 'online') return ''
  const reasons = (['inet', 'inet6'] as const).map((family) => uplink[family] && whyOf(uplink, family, scene))
  return [...new Set(reasons.filter(Boolean))].join('; ')
}

function whyOf({ name }: Uplink, family: Family, { observed }: Scene): string {
  return getOwn(getOwn(observed.health ?? {}, name) ?? {}, family)?.why ?? ''
}
