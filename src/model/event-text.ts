/** Events as text for people, and as fields for the journal. Pure. */
import type { Cause } from './cause.ts'
import type { Event, Level } from './event.ts'
import { usableText } from './usable-text.ts'

export function levelOf(event: Event): Level {
  switch (event.event) {
    case 'uplink':
    case 'drain':
    case 'role':
    case 'carrying':
    case 'held-down':
    case 'failback':
    case 'tunnel':
    case 'recovery':
      return 'notice'
    case 'round':
    case 'change':
    case 'gateway':
      return 'info'
    case 'trouble':
    case 'service':
    case 'watch':
    case 'bus':
    case 'hook':
    case 'failure':
      return 'warning'
    case 'fatal':
      return 'error'
    case 'configuration':
      return event.isError ? 'error' : 'warning'
    case 'left-out':
      return event.of
  }
}

/** The event as one text line. */
export function textOf(event: Event): string {
  switch (event.event) {
    case 'uplink':
      return event.carrying ? `${changeText(event)}; ${carryingText(event.carrying)}` : changeText(event)
    case 'drain':
      return [drainText(event), ...(event.carrying ? [carryingText(event.carrying)] : [])].join('; ')
    case 'role':
      return roleText(event)
    case 'carrying':
      return carryingText(event.carrying)
    case 'round':
      return `${roundText(event)} (${counted(event.changes, 'change')} after ${causesText(event.causes) || 'a regular look'})`
    case 'change':
      return event.command
    case 'held-down':
      return 'taken down; ifbalance apply starts again'
    case 'trouble':
    case 'configuration':
    case 'bus':
    case 'fatal':
      return event.reason
    case 'service':
      return `asking ${event.service}: ${event.reason}; going on with what it said before`
    case 'watch':
      return `watching ${event.watched}: ${event.reason}; starting again`
    case 'failback':
      return `connections of ${event.uplink} end, as a better uplink is back to stay`
    case 'tunnel':
      return `${event.tunnel}, peer ${event.peer}: its packets are routed anew`
    case 'gateway':
      return `${labelOf(event)}: the gateway is behind ${event.port}`
    case 'hook':
      return `hook ${event.reason}`
    case 'failure':
      return `${[event.doing, event.what].filter(Boolean).join(' ')}: ${event.reason}${event.consequence ? `; ${event.consequence}` : ''}`
    case 'recovery':
      return `${event.doing} ${event.what} again`
    case 'left-out':
      return `... and ${event.count} more ${event.count === 1 ? 'line' : 'lines'} that nobody would read`
  }
}

/** What a round has brought, without its causes. Whoever asked for the round is told it, too. */
export function roundText({
  heldDown,
  carrying,
}: {
  readonly heldDown: boolean
  readonly carrying: readonly string[]
}) {
  if (heldDown) return 'taken down'
  return carrying.length > 0 ? `balancing over ${carrying.join(', ')}` : 'no uplink to balance over'
}

/**
 * The fields of an event, named by the rules of systemd.journal-fields(7). All values are text; a field with nothing to
 * say is absent.
 */
export function journalFields(event: Event): Readonly<Record<string, string>> {
  const {
    uplink,
    family,
    drained,
    rule,
    from,
    to,
    kind,
    reason,
    durationMs,
    carrying,
    changes,
    causes,
    step,
    ...rest
  } = everyField(event)
  const { usable, port, service, watched, tunnel, peer, doing, what, code, hook, inForce } = rest
  const fields = {
    IFBALANCE_EVENT: event.event,
    IFBALANCE_UPLINK: uplink,
    IFBALANCE_FAMILY: family && (family === 'inet' ? 'IPv4' : 'IPv6'),
    IFBALANCE_DRAINED: drained === undefined ? undefined : drained ? 'yes' : 'no',
    IFBALANCE_RULE: rule,
    IFBALANCE_KIND: kind,
    IFBALANCE_STATE: to,
    IFBALANCE_FORMER_STATE: from ?? undefined,
    IFBALANCE_REASON: reason || undefined,
    IFBALANCE_DURATION_MS: durationMs === undefined ? undefined : String(Math.round(durationMs)),
    IFBALANCE_CARRYING: carrying?.join(' '),
    IFBALANCE_USABLE: usable === undefined || usable === null ? undefined : String(usable),
    IFBALANCE_CHANGES: changes === undefined ? undefined : String(changes),
    IFBALANCE_CAUSES: causes && causesText(causes),
    IFBALANCE_CAUSE_KINDS: causes && [...new Set(causes.map((cause) => cause.kind))].join(' '),
    IFBALANCE_STEP: step,
    IFBALANCE_IN_FORCE: inForce,
    IFBALANCE_DOING: doing,
    IFBALANCE_WHAT: what || undefined,
    IFBALANCE_CODE: code,
    IFBALANCE_HOOK: hook,
    IFBALANCE_TUNNEL: tunnel,
    IFBALANCE_PEER: peer,
    IFBALANCE_PORT: port,
    IFBALANCE_SERVICE: service,
    IFBALANCE_WATCHED: watched,
  }
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  )
}

type Keys<T> = T extends T ? keyof T : never
type ValueOf<T, K extends PropertyKey> = T extends Readonly<Partial<Record<K, infer V>>> ? V : never

/** The event as a record of every field that some event has. */
function everyField(event: Event): { readonly [K in Keys<Event>]?: ValueOf<Event, K> } {
  return event
}

type UplinkChange = Extract<Event, { readonly event: 'uplink' }>

function labelOf({ uplink, family }: Pick<UplinkChange, 'uplink' | 'family'>): string {
  return family === undefined ? uplink : `${uplink}, ${family === 'inet' ? 'IPv4' : 'IPv6'}`
}

function changeText(change: UplinkChange): string {
  const { to, reason, durationMs } = change
  const label = labelOf(change)
  if (to === 'gone') return `${label} is no uplink any more`
  if (to === 'online')
    return `${label} is online${durationMs === undefined ? '' : ` again after ${durationText(durationMs)}`}`
  return `${label} is ${to}${reason && `: ${reason}`}`
}

function roleText({ from, to, usable, reason }: Extract<Event, { readonly event: 'role' }>): string {
  const start = from === null ? `one of two routers, ${to}` : `this router is now ${to}`
  return `${start}: ${reason}${usable === null ? '' : `; ${usableText(usable)}`}`
}

function drainText({ uplink, drained, reason }: Extract<Event, { readonly event: 'drain' }>): string {
  return drained ? `${uplink} is drained, ${reason}: old connections stay` : `${uplink} is no longer drained`
}

function carryingText(carrying: readonly string[]): string {
  return carrying.length > 0 ? `new connections by ${carrying.join(', ')}` : 'no uplink carries new connections'
}

function causesText(causes: readonly Cause[]): string {
  return causes.map(({ reason }) => reason).join(', ')
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}

export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
