/** The daemon as it is on D-Bus now, also when it comes later or is started anew. */
import type { BusClient } from './cockpit.ts'
import type { Properties } from './uplinks.ts'

export interface Daemon {
  readonly manager: Properties
  /** By object path. */
  readonly uplinks: ReadonlyMap<string, Properties>
}

const service = 'org.ifbalance1'
const root = '/org/ifbalance1'
const managerFace = 'org.ifbalance1.Manager'
const uplinkFace = 'org.ifbalance1.Uplink'
const propertiesFace = 'org.freedesktop.DBus.Properties'
const objectManager = 'org.freedesktop.DBus.ObjectManager'

/** After a signal, what is not signalled (reasons, figures) is asked for; many signals in a row are one question. */
const settleMs = 150
/** Counters and figures are not signalled. A page that nobody looks at does not ask, and of many uplinks it asks less often. */
const lookMs = 3000
const uplinksInLook = 16
const retryMs = 1000

type Call = (method: string, type: string, args: readonly unknown[]) => Promise<readonly unknown[]>

export interface Followed {
  /** Calls a method of the manager as the user. Rejects with the daemon's words. */
  readonly ask: Call
  /** The same with the administrative access that the user has in Cockpit; rejects also with polkit's words. */
  readonly order: Call
}

/**
 * Calls `onChange` with what is there after each change, and with null while no daemon runs. Everyone may read, so that
 * waits for no password: administrative access has a channel of its own, from the first order on.
 */
export function followDaemon(onChange: (daemon: Daemon | null) => void): Followed {
  let client: BusClient | null = null
  let orders: BusClient | null = null
  let known: Daemon | null = null
  /** How often it was lost. */
  let losses = 0
  let looking = false
  let again = false
  let isSettling = false

  function open(): void {
    const opened = cockpit.dbus(service, { bus: 'system' })
    client = opened
    opened.addEventListener('close', () => {
      if (client !== opened) return
      client = null
      lose()
      setTimeout(open, retryMs)
    })
    opened.addEventListener('owner', (_, owner) => (owner ? void look() : lose()))
    opened.subscribe({ path_namespace: root }, hear)
    void look()
  }

  function lose(): void {
    losses++
    known = null
    onChange(null)
  }

  /**
   * One question at a time. What was signalled before the answer is in the answer, as the daemon sends both in one order; but
   * that its owner is gone overtakes its last answers, in Cockpit's bridge of Python.
   */
  async function look(): Promise<void> {
    if (looking) {
      again = true
      return
    }
    looking = true
    const before = losses
    const found = await ask(client)
    looking = false
    if (found !== null && losses === before) {
      known = found
      onChange(known)
    }
    if (again) {
      again = false
      void look()
    }
  }

  function hear(path: string, face: string, signal: string, args: readonly unknown[]): void {
    if (known !== null && face === propertiesFace && signal === 'PropertiesChanged') {
      known = withChanges(known, path, plain(args[1]))
      onChange(known)
    }
    if (isSettling) return
    isSettling = true
    setTimeout(() => {
      isSettling = false
      void look()
    }, settleMs)
  }

  open()
  let skipped = 0
  setInterval(() => {
    skipped += 1
    if (cockpit.hidden || skipped * uplinksInLook < (known?.uplinks.size ?? 0)) return
    skipped = 0
    void look()
  }, lookMs)
  cockpit.addEventListener('visibilitychange', () => cockpit.hidden || void look())
  return {
    ask: (method, type, args) => callManager(client, method, type, args),
    order: (method, type, args) => {
      if (orders === null) {
        const opened = cockpit.dbus(service, { bus: 'system', superuser: 'try' })
        opened.addEventListener('close', () => {
          if (orders === opened) orders = null
        })
        orders = opened
      }
      return callManager(orders, method, type, args)
    },
  }
}

function callManager(client: BusClient | null, method: string, type: string, args: readonly unknown[]) {
  return client?.call(root, managerFace, method, args, { type }) ?? Promise.reject({ message: 'no daemon is running' })
}

/** Null where it is gone, or going: its channel, or its owner, tells so. */
async function ask(client: BusClient | null): Promise<Daemon | null> {
  try {
    const [about, objects] = await Promise.all([
      client?.call(root, propertiesFace, 'GetAll', [managerFace], { type: 's' }),
      client?.call(root, objectManager, 'GetManagedObjects', [], { type: '' }),
    ])
    return { manager: plain(about?.[0]), uplinks: uplinksOf(objects?.[0]) }
  } catch {
    return null
  }
}

function withChanges(daemon: Daemon, path: string, changes: Properties): Daemon {
  if (path === root) return { ...daemon, manager: { ...daemon.manager, ...changes } }
  const before = daemon.uplinks.get(path)
  return before ? { ...daemon, uplinks: new Map(daemon.uplinks).set(path, { ...before, ...changes }) } : daemon
}

function uplinksOf(objects: unknown): ReadonlyMap<string, Properties> {
  const faces = Object.entries((objects ?? {}) as Readonly<Record<string, Properties>>)
  return new Map(
    faces.flatMap(([path, face]) => (uplinkFace in face ? [[path, plain(face[uplinkFace])] as const] : [])),
  )
}

/** Without the types that variants have: cockpit.js gives `{ t, v }`. */
function plain(properties: unknown): Properties {
  const entries = Object.entries((properties ?? {}) as Readonly<Record<string, { readonly v: unknown }>>)
  return Object.fromEntries(entries.map(([name, variant]) => [name, variant.v]))
}
