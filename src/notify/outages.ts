/** Which outages are news, and what has become of them. Pure. */
import type { Ended, Item, Memory, Outage } from '../model/notify.ts'

/** An uplink as the bus shows it. */
export interface SeenUplink {
  readonly name: string
  readonly state: string
  /** When that state began, in milliseconds since 1970. */
  readonly since: number
  readonly standby: boolean
  /** The part of its quota that is used; 0 where it has none. */
  readonly quotaUsed: number
  readonly reason: string
}

/** How long an outage has to last to be told, and how long its uplink has to work until it is over. */
export interface Patience {
  readonly afterMs: number
  readonly settleMs: number
}

/** The name under which the time without any uplink is kept; no uplink has it. */
const everyUplink = ''

/** Bounds of quotas that are told, in percent. */
const quotaBounds = [80, 100] as const

/** States in which an uplink should work, and does not. Others, such as `disabled`, are somebody's wish. */
const outStates: readonly string[] = ['absent', 'down', 'unconfigured', 'offline']
const workingStates: readonly string[] = ['online', 'suspect', 'degraded']

/** How one of those that have outages is now. */
interface Subject {
  readonly isOut: boolean
  readonly state: string
  readonly since: number
  readonly reason: string
  readonly standby: boolean
}

/**
 * What is remembered after a look at all uplinks. An outage is news when it has lasted `afterMs`; it is over when its
 * uplink has worked for `settleMs`, and what it does in between is one and the same outage.
 */
export function afterLook(memory: Memory, uplinks: readonly SeenUplink[], now: number, patience: Patience): Memory {
  const subjects = new Map<string, Subject>(uplinks.map((uplink) => [uplink.name, subjectOf(uplink, now)]))
  if (uplinks.length > 0) subjects.set(everyUplink, allOf(uplinks, now))
  const outages = new Map<string, Outage>()
  const pending = new Map(memory.pending)
  const add = (name: string, news: Partial<Item>) => {
    pending.set(name, merged(pending.get(name) ?? { uplink: name }, news))
  }
  for (const name of new Set([...subjects.keys(), ...memory.outages.keys()])) {
    const next = nextOf(memory.outages.get(name), subjects.get(name), now, patience)
    if (next.outage) outages.set(name, next.outage)
    if (next.begun) add(name, begun(next.begun))
    if (next.over) add(name, { back: next.over })
  }
  const quotas = new Map<string, number>()
  for (const { name, quotaUsed } of uplinks) {
    const reached = quotaBounds.findLast((bound) => quotaUsed * 100 >= bound) ?? 0
    const told = memory.quotas.get(name) ?? 0
    if (reached > told) add(name, { quota: reached })
    if (reached > 0) quotas.set(name, Math.max(reached, told))
  }
  return { ...memory, outages, quotas, pending }
}

/** When the next look is due though nothing may change until then; infinity where none is. */
export function nextLookAt({ outages }: Memory, { afterMs, settleMs }: Patience): number {
  const times = [...outages.values()].map(({ since, isNews, upSince }) => {
    if (upSince !== undefined) return upSince + settleMs
    return isNews ? Number.POSITIVE_INFINITY : since + afterMs
  })
  return Math.min(...times, Number.POSITIVE_INFINITY)
}

function subjectOf({ state, since, reason, standby }: SeenUplink, now: number): Subject {
  return { isOut: outStates.includes(state), state, since: Math.min(since, now), reason, standby }
}

/** Whether any works; those that are out on purpose do not count, and where all are, nothing is out. */
function allOf(uplinks: readonly SeenUplink[], now: number): Subject {
  const out = uplinks.filter(({ state }) => outStates.includes(state))
  const working = uplinks.filter(({ state }) => workingStates.includes(state))
  const isOut = out.length > 0 && working.length === 0
  const since = isOut
    ? Math.max(...out.map((uplink) => uplink.since))
    : Math.min(...working.map((uplink) => uplink.since), now)
  return { isOut, state: isOut ? 'out' : 'online', since: Math.min(since, now), reason: '', standby: false }
}

interface Next {
  readonly outage?: Outage
  readonly begun?: Outage
  readonly over?: Ended
}

function nextOf(
  outage: Outage | undefined,
  subject: Subject | undefined,
  now: number,
  { afterMs, settleMs }: Patience,
): Next {
  if (subject?.isOut) {
    const { since, reason, standby } = subject
    const current: Outage = {
      since: outage?.since ?? since,
      reason: reason || (outage?.reason ?? ''),
      ...((outage?.standby || standby) && { standby: true }),
      isNews: outage?.isNews ?? false,
    }
    return current.isNews || now - current.since < afterMs ? { outage: current } : newsOf(current)
  }
  if (!outage) return {}
  // Looks may come late, as after a night in suspend: what lasted long enough is told all the same.
  const upSince = outage.upSince ?? Math.max(outage.since, subject ? subject.since : now)
  const isWish = subject === undefined || !workingStates.includes(subject.state)
  const isOver = isWish || now - upSince >= settleMs
  if (!outage.isNews) {
    if (upSince - outage.since < afterMs) return {}
    return isOver ? { begun: outage, over: ended(outage, upSince, subject) } : newsOf({ ...outage, upSince })
  }
  return isOver ? { over: ended(outage, upSince, subject) } : { outage: { ...outage, upSince } }
}

function newsOf(outage: Outage): Next {
  return { outage: { ...outage, isNews: true }, begun: outage }
}

function ended({ since }: Outage, until: number, subject: Subject | undefined): Ended {
  return { since, until, to: subject?.state ?? 'gone' }
}

function begun({ since, reason, standby }: Outage): Partial<Item> {
  return { out: { since, reason }, ...(standby && { standby }) }
}

/** What is to be told with news added to it: an outage whose beginning is not told yet becomes a whole one when it ends. */
function merged(item: Item, news: Partial<Item>): Item {
  const { out, whole, back } = item
  if (!news.back || !out) return { ...item, ...news }
  const { since, until, to } = news.back
  const { out: _, ...rest } = item
  return {
    ...rest,
    ...(back && { back }),
    whole: {
      since: whole?.since ?? since,
      ...{ until, to },
      count: (whole?.count ?? 0) + 1,
      totalMs: (whole?.totalMs ?? 0) + Math.max(0, until - since),
      reason: out.reason || (whole?.reason ?? ''),
    },
  }
}
