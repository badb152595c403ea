/** What the daemon tells on the bus, as events. */
import { busName } from '../layout.ts'
import type { Bus, Signal } from '../os/dbus/bus.ts'
import { messageOf } from '../os/log.ts'

/** An uplink's properties by name, as org.ifbalance1(5) has them, without those that change all the time. */
export type Properties = Readonly<Record<string, unknown>>

export interface Change {
  readonly from: unknown
  readonly to: unknown
}

export type MonitorEvent = { readonly time: Date } & (
  | { readonly event: 'daemon'; readonly running: false; readonly problem: string | null }
  | {
      readonly event: 'daemon'
      readonly running: true
      readonly mode: string
      readonly heldDown: boolean
      readonly role?: string
      readonly usable?: number
    }
  /** How an uplink is now: at the beginning, and when it becomes known. */
  | { readonly event: 'uplink'; readonly uplink: Properties }
  | { readonly event: 'changed'; readonly name: string; readonly changes: Readonly<Record<string, Change>> }
  | { readonly event: 'removed'; readonly name: string }
)

const root = '/org/ifbalance1'
const manager = 'org.ifbalance1.Manager'
const uplinkInterface = 'org.ifbalance1.Uplink'
const properties = 'org.freedesktop.DBus.Properties'
const objectManager = 'org.freedesktop.DBus.ObjectManager'
/** After this time without a daemon it counts as not running. Connecting and asking takes some 10 ms. */
const missingMs = 1000
/** How often the present state is asked for before what was signalled last may be missed. */
const mostQuestions = 20
/** Counters and figures of lines, whose changes are not told. */
export const restless = ['RxBytes', 'RxPackets', 'TxBytes', 'TxPackets', 'Line4', 'Line6']

/**
 * Calls `onEvent` with the present state, then with each change, and again with the present state when the daemon or
 * the bus was restarted. Returns what stops it.
 */
export function events(bus: Bus, onEvent: (event: MonitorEvent) => void): () => void {
  /** By path, what was last told; null until the present state is known. */
  let known: Map<string, Properties> | null = null
  let managerKnown: Properties = {}
  let owner: string | null = null
  /** Whether something was signalled while the present state was asked for. */
  let isOutdated = false
  const now = () => new Date()
  const tellGone = (problem: string | null) => onEvent({ time: now(), event: 'daemon', running: false, problem })
  const isMissing = setTimeout(() => owner ?? tellGone(null), missingMs)

  function follow(fresh: string | null): void {
    clearTimeout(isMissing)
    if (fresh === null) tellGone(null)
    owner = fresh
    known = null
    if (fresh !== null) void begin(fresh)
  }

  /**
   * Asks for the present state, and again while something is signalled meanwhile: of an answer and a signal that arrive at
   * once, nobody here can tell which was first.
   */
  async function begin(asked: string): Promise<void> {
    const call = { destination: asked, path: root }
    const about = { ...call, interface: properties, member: 'GetAll', signature: 's', body: [manager] }
    try {
      let objects: unknown
      for (let questions = 0; questions === 0 || (isOutdated && questions < mostQuestions); questions++) {
        isOutdated = false
        managerKnown = objectOf((await bus.call(about))[0])
        objects = (await bus.call({ ...call, interface: objectManager, member: 'GetManagedObjects' }))[0]
      }
      if (owner !== asked) return
      const { Mode: mode, HeldDown: heldDown, Role: role, Usable: usable } = managerKnown
      const pair = role === undefined ? {} : { role: String(role), usable: Number(usable) }
      onEvent({ time: now(), event: 'daemon', running: true, mode: String(mode), heldDown: heldDown === true, ...pair })
      known = new Map()
      for (const [path, interfaces] of Object.entries(objectOf(objects))) add(path, objectOf(interfaces))
    } catch (error) {
      if (owner === asked) tellGone(messageOf(error))
    }
  }

  function add(path: string, interfaces: Properties): void {
    const uplink = withoutRestless(objectOf(interfaces[uplinkInterface]))
    if (!known || Object.keys(uplink).length === 0) return
    known.set(path, uplink)
    onEvent({ time: now(), event: 'uplink', uplink })
  }

  function remove(path: string): void {
    const uplink = known?.get(path)
    if (known?.delete(path)) onEvent({ time: now(), event: 'removed', name: String(uplink?.['Name'] ?? path) })
  }

  function change(path: string, values: Properties): void {
    const before = path === root ? managerKnown : known?.get(path)
    if (!before) return
    const changes = Object.fromEntries(
      Object.entries(values)
        .filter(([name]) => name !== 'Uplinks')
        .map(([name, to]) => [name, { from: before[name] ?? null, to }]),
    )
    const after = { ...before, ...values }
    if (path === root) managerKnown = after
    else known?.set(path, after)
    if (Object.keys(changes).length > 0)
      onEvent({ time: now(), event: 'changed', name: String(before['Name'] ?? 'ifbalance'), changes })
  }

  const listen = (face: string, member: string, onSignal: (signal: Signal) => void) =>
    bus.subscribe({ sender: busName, interface: face, member, pathNamespace: root }, (signal) => {
      if (known === null) isOutdated = true
      else onSignal(signal)
    })
  const stops = [
    listen(objectManager, 'InterfacesAdded', ({ body: [path, interfaces] }) => add(String(path), objectOf(interfaces))),
    listen(objectManager, 'InterfacesRemoved', ({ body: [path] }) => remove(String(path))),
    listen(properties, 'PropertiesChanged', ({ path, body: [, values] }) => change(path, objectOf(values))),
    bus.watchOwner(busName, follow),
  ]
  return () => {
    clearTimeout(isMissing)
    for (const stop of stops) stop()
  }
}

function withoutRestless(uplink: Properties): Properties {
  return Object.fromEntries(Object.entries(uplink).filter(([name]) => !restless.includes(name)))
}

function objectOf(value: unknown): Properties {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
