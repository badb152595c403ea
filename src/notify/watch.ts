/** Looks at the uplinks on the bus when the daemon signals anything of them. */
import { busName } from '../layout.ts'
import type { Bus } from '../os/dbus/bus.ts'
import { log, messageOf } from '../os/log.ts'
import { numberOf, objectOf, stringOf } from '../values/checked.ts'
import type { SeenUplink } from './outages.ts'

const root = '/org/ifbalance1'
const properties = 'org.freedesktop.DBus.Properties'
const objectManager = 'org.freedesktop.DBus.ObjectManager'
/** A round signals one property of one uplink after the other. */
const gatherMs = 100
const retryMs = 5000

export interface Watch {
  /** Looks, whatever was signalled: not everything that is shown is signalled. */
  readonly look: () => void
  readonly stop: () => void
}

/** Calls `onSeen` with all uplinks after each signal. A signal is a hint only, so what it says is not read. */
export function watchUplinks(bus: Bus, onSeen: (uplinks: readonly SeenUplink[]) => void): Watch {
  let owner: string | null = null
  let timer: NodeJS.Timeout | undefined
  let isAsking = false

  function look(delayMs = gatherMs): void {
    timer ??= setTimeout(() => void ask(), delayMs)
  }

  async function ask(): Promise<void> {
    timer = undefined
    const asked = owner
    if (asked === null) return
    if (isAsking) return look()
    isAsking = true
    try {
      const [objects] = await bus.call({
        ...{ destination: asked, path: root, interface: objectManager, member: 'GetManagedObjects' },
      })
      if (owner === asked) onSeen(Object.values(objectOf(objects)).flatMap(uplinkOf))
    } catch (error) {
      if (owner === asked) {
        log.warning(`asking ${busName}: ${messageOf(error)}`)
        look(retryMs)
      }
    } finally {
      isAsking = false
    }
  }

  const listen = (face: string, member: string) =>
    bus.subscribe({ sender: busName, interface: face, member, pathNamespace: root }, () => look())
  const stops = [
    listen(objectManager, 'InterfacesAdded'),
    listen(objectManager, 'InterfacesRemoved'),
    listen(properties, 'PropertiesChanged'),
    bus.watchOwner(busName, (fresh) => {
      owner = fresh
      look()
    }),
  ]
  return {
    look: () => look(0),
    stop: () => {
      clearTimeout(timer)
      for (const stop of stops) stop()
    },
  }
}

function uplinkOf(interfaces: unknown): readonly SeenUplink[] {
  const { Name, State, Since, Standby, QuotaUsed, Reason } = objectOf(objectOf(interfaces)['org.ifbalance1.Uplink'])
  if (typeof Name !== 'string' || typeof State !== 'string') return []
  return [
    {
      ...{ name: Name, state: State, since: Number(Since) / 1000, standby: Standby === true },
      ...{ quotaUsed: numberOf(QuotaUsed), reason: stringOf(Reason) },
    },
  ]
}
