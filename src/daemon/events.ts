/** What a round has found changed, in words for the journal: which uplink, to what, and why. Pure. */
import { whyNoLine } from '../lines/no-line.ts'
import type { Desired } from '../model/desired.ts'
import type { Observed } from '../model/observed.ts'
import type { Uplink, UplinkState } from '../model/uplink.ts'
import type { Family } from '../net/family.ts'
import { own } from '../values/own.ts'

export interface Scene {
  readonly observed: Observed
  readonly uplinks: Desired['uplinks']
  /** Names of the uplinks that take new connections now. */
  readonly carrying: readonly string[]
}

/** What was told last of an uplink, or of its line in one family; `since` in milliseconds of a monotonic clock. */
interface Told {
  readonly state: UplinkState
  readonly since: number
}

export interface Telling {
  readonly told: ReadonlyMap<string, Told>
  readonly carrying: readonly string[]
}

/** `before` is null at the start: then all is told that does not work. `at` in milliseconds of a monotonic clock. */
export function eventsOf(
  before: Telling | null,
  scene: Scene,
  at: number,
): { lines: readonly string[]; telling: Telling } {
  const told = new Map<string, Told>()
  const news: string[] = []
  for (const { label, state, why } of scene.uplinks.flatMap((uplink) => itemsOf(uplink, scene))) {
    const was = before?.told.get(label)
    if (was?.state === state) {
      told.set(label, was)
      continue
    }
    told.set(label, { state, since: at })
    // At the start, and of a line that has just come, only what does not work is news.
    const isNews = was !== undefined || state !== 'online' || (before !== null && !isLine(label))
    if (isNews) news.push(saying(label, state, why, was && at - was.since))
  }
  for (const label of before?.told.keys() ?? [])
    if (!told.has(label) && !isLine(label)) news.push(`${label} is no uplink any more`)
  const { carrying } = scene
  const moved = before === null || carrying.join() !== before.carrying.join()
  const rest = carrying.length > 0 ? `new connections by ${carrying.join(', ')}` : 'no uplink carries new connections'
  const lines = moved ? (news.length > 0 ? news.map((line) => `${line}; ${rest}`) : [rest]) : news
  return { lines, telling: { told, carrying } }
}

/** `wan1, IPv6`: names of uplinks have no comma. */
function isLine(label: string): boolean {
  return label.includes(',')
}

function saying(label: string, state: UplinkState, why: string, lastedMs: number | undefined): string {
  if (state === 'online')
    return `${label} is online${lastedMs === undefined ? '' : ` again after ${duration(lastedMs)}`}`
  return `${label} is ${state}${why && `: ${why}`}`
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}

/** The uplink, and while it works, each line of it that has a state of its own to tell. */
function itemsOf(uplink: Uplink, scene: Scene) {
  const state = settled(uplink.state)
  const all = { label: uplink.name, state, why: reasonOf(uplink, scene) }
  const works = state === 'online' || state === 'degraded'
  const lines = (['inet', 'inet6'] as const).flatMap((family) => {
    const line = uplink[family]?.line
    if (!works || !line) return []
    const label = `${uplink.name}, ${family === 'inet' ? 'IPv4' : 'IPv6'}`
    return [
      { label, state: line.state === 'offline' ? line.state : ('online' as const), why: whyOf(uplink, family, scene) },
    ]
  })
  return [all, ...lines]
}

/** A suspicion is over in half a second, and mostly unfounded. */
function settled(state: UplinkState): UplinkState {
  return state === 'suspect' ? 'online' : state
}

function reasonOf(uplink: Uplink, scene: Scene): string {
  const noLine = whyNoLine(uplink, scene.observed)
  if (noLine !== null) return noLine
  if (settled(uplink.state) === 'online') return ''
  const reasons = (['inet', 'inet6'] as const).map((family) => uplink[family] && whyOf(uplink, family, scene))
  return [...new Set(reasons.filter(Boolean))].join('; ')
}

function whyOf({ name }: Uplink, family: Family, { observed }: Scene): string {
  return own(own(observed.health ?? {}, name) ?? {}, family)?.why ?? ''
}
