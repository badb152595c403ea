/** Has the kernel send a slice's traffic by its uplink. The daemon does it, or where none runs, this process. */
import { askDaemon } from '../daemon/control/client.ts'
import { cgroupId } from '../kernel/cgroup/cgroups.ts'
import { slicePath } from '../kernel/cgroup/slices.ts'
import { busName } from '../layout.ts'
import type { Config } from '../model/config.ts'
import { connectToBus, systemBus } from '../os/dbus/connection.ts'
import { busRefusal } from './bus-refusal.ts'
import { isRoot } from './root.ts'

const followTimeoutMs = 15_000

/** Null when the kernel does so; otherwise why not, for people. */
export async function followSlice(uplink: string, config: Config): Promise<string | null> {
  // Root has a way to the daemon that nobody can flood.
  const reply = isRoot() ? await askDaemon({ do: 'follow', uplink }, followTimeoutMs) : null
  if (reply) return reply.ok ? null : reply.message
  try {
    await askDaemonToFollow(uplink)
    return null
  } catch (error) {
    const { name, text } = busRefusal(error)
    if (name !== 'org.freedesktop.DBus.Error.ServiceUnknown') return text
  }
  if (!isRoot()) return 'no daemon is running, and without it only root can do this'
  return followAlone(slicePath(uplink), config)
}

/**
 * Does it without the daemon. Its code is loaded only here, as what runs other programs touches the standard streams
 * (become.ts).
 */
async function followAlone(path: string, config: Config): Promise<string | null> {
  const { followedSlices, reconcile } = await import('../reconcile/reconcile.ts')
  const outcome = await reconcile(config)
  return followedSlices(outcome)[path] === cgroupId(path) ? null : (outcome.errors[0] ?? 'the rules are not in force')
}

/** Calls FollowSlice of org.ifbalance1(5). */
async function askDaemonToFollow(uplink: string): Promise<void> {
  const bus = await connectToBus(systemBus, {})
  try {
    await bus.call({
      ...{ destination: busName, path: '/org/ifbalance1', interface: 'org.ifbalance1.Manager', member: 'FollowSlice' },
      ...{ signature: 's', body: [uplink], timeoutMs: followTimeoutMs },
    })
  } finally {
    bus.close()
  }
}
