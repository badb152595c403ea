/**
 * Which silent lines are dead. What fails everywhere at once is not the lines' fault, and must cost no connection. So a
 * silent line is not taken for dead on its own evidence: first another line has to answer something that it was asked
 * after this one's requests were overdue, then this one is asked once more, and only when that is not answered either
 * is it offline. An outage of both, however short, cannot have swallowed what the one was asked before and after
 * without what the other was asked in between.
 *
 * Nothing here depends on how fast this host starts programs or reads what they say: times are bounds (path-health.ts),
 * and where they do not suffice, lines are asked again. Pure; `now` and all times in monotonic ms.
 */
import type { LineState } from '../model/health.ts'
import { burstSpanMs } from './burst.ts'
import type { PathHealth } from './path-health.ts'

/** One line among those of its family. */
export interface Standing {
  readonly key: string
  readonly line: PathHealth
  /** Time between its background probes, which tells how dear it is to ask it. */
  readonly intervalMs: number
}

export interface Order {
  readonly key: string
  readonly kind: 'ask' | 'ask-anew' | 'witnessed' | 'convict'
}

export interface Ruling {
  /** What everyone is to take each line for, by key. */
  readonly told: ReadonlyMap<string, LineState>
  readonly orders: readonly Order[]
}

/**
 * How long a line has to be well before it is a witness against another. Lines that fail together seldom come back in
 * the same moment.
 */
const graceMs = 2000
/**
 * Lines that are probed at least this often cost next to nothing to ask, so they are asked before the suspect's own
 * burst is over.
 */
const cheapMs = 5000
/** How many witnesses are asked at first; the cheapest lines are taken. */
const witnesses = 2
/**
 * How many are asked at a time while another line is silent, too, as those may have failed with it. Each is asked by three
 * programs, so a host with sixty lines would be busy with starting them; who does not answer gives way to the next.
 */
const manyWitnesses = 8

/**
 * What each line is taken for, and what each has to do next. `unprobed`: there is an uplink that nobody probes, by the
 * administrator's wish, which counts as alive.
 */
export function arbitrate(standings: readonly Standing[], unprobed: boolean, now: number): Ruling {
  const isNobodyLeft = !unprobed && !standings.some(isPresent)
  return {
    told: new Map(standings.map(({ key, line }) => [key, toldOf(line, isNobodyLeft)])),
    orders: [
      ...standings.flatMap((one) => ordersFor(one, standings, unprobed, now)),
      ...(isNobodyLeft ? standings.flatMap(hope) : []),
    ],
  }
}

/** Whether the line is not known to be dead. */
function isPresent({ line }: Standing): boolean {
  return line.state !== 'offline' && !line.silent
}

/** What a line is told as. Where no line is left, all are offline, with which all stay in use. */
function toldOf({ state, silent }: PathHealth, isNobodyLeft: boolean): LineState {
  if (!silent) return state
  return isNobodyLeft ? 'offline' : 'suspect'
}

/**
 * Asks an offline line that answers, where no line is left: it is better than none, however long its hold-down still
 * lasts.
 */
function hope({ key, line }: Standing): readonly Order[] {
  const isNew = line.answers > 0 && line.answeredAt > line.burstEndedAt
  return line.state === 'offline' && line.burst === null && isNew ? [{ key, kind: 'ask' }] : []
}

function ordersFor(one: Standing, standings: readonly Standing[], unprobed: boolean, now: number): readonly Order[] {
  const { key, line } = one
  const { failing, silent } = line
  if (failing === null || line.state === 'offline') return []
  const others = standings.filter((other) => other.key !== key && isPresent(other))
  if (others.length === 0) return silent && unprobed ? [{ key, kind: 'convict' }] : []
  if (failing.witnessedAt === null) {
    if (others.some((other) => isWitness(other.line, failing.since))) return [{ key, kind: 'witnessed' }]
    const isGeneral = standings.some((other) => other.key !== key && other.line.silent)
    return asking(others, failing.since, { silent, most: isGeneral ? manyWitnesses : witnesses, now })
  }
  if (!silent) {
    // Everything that this burst asks may have left before the witness was asked, so its end would prove nothing.
    const { began = now } = line.burst ?? {}
    return began + burstSpanMs < failing.witnessedAt ? [{ key, kind: 'ask-anew' }] : []
  }
  if (failing.askedAt >= failing.witnessedAt) return [{ key, kind: 'convict' }]
  return line.burst === null && now >= line.restUntil ? [{ key, kind: 'ask' }] : []
}

/** Whether the line has answered something that it was asked after `since`, and was well before. */
function isWitness({ alive, troubledAt }: PathHealth, since: number): boolean {
  return alive !== null && alive.sentAfter >= since && alive.sentAfter >= troubledAt + graceMs
}

function asking(
  others: readonly Standing[],
  since: number,
  { silent, most, now }: { readonly silent: boolean; readonly most: number; readonly now: number },
): readonly Order[] {
  const underWay = others.filter(({ line }) => line.burst !== null && line.burst.began >= since)
  const ready = others.filter(
    ({ line, intervalMs }) =>
      line.burst === null &&
      now >= Math.max(line.restUntil, line.troubledAt + graceMs) &&
      (silent || intervalMs <= cheapMs),
  )
  return ready
    .toSorted((a, b) => a.intervalMs - b.intervalMs)
    .slice(0, Math.max(0, most - underWay.length))
    .map(({ key }) => ({ key, kind: 'ask' }))
}
