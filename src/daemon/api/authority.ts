/** Who may change something: root, and whom polkit(8) lets. */
import type { Answer, Bus, IncomingCall } from '../../os/dbus/bus.ts'
import { theBus } from '../../os/dbus/connection.ts'
import { log } from '../../os/log.ts'
import { refuse } from './answers.ts'

/** polkit's names of what callers may do, described in units/org.ifbalance1.policy. */
export type Action = 'org.ifbalance1.reconcile' | 'org.ifbalance1.set-enabled'

/** How long typing a password may take. */
const passwordTimeoutMs = 120_000
/** How many callers polkit may be thinking about at once. */
const maxAsking = 16

/** Decides about a call. Null: the caller may. Otherwise the refusal, also where nobody can be asked. */
export type Authorize = (call: IncomingCall, action: Action) => Promise<Answer | null>

/**
 * Returns what decides. The bus says who calls, as it has that from the kernel; nothing in the call itself is believed.
 */
export function createAuthority(bus: Bus): Authorize {
  const asking = new Set<string>()
  return async (call, action) => {
    try {
      const [uid] = await bus.call({ ...theBus, member: 'GetConnectionUnixUser', signature: 's', body: [call.sender] })
      if (uid === 0) return null
    } catch {
      return refuse('accessDenied', 'who calls is not known')
    }
    if (asking.size >= maxAsking || asking.has(call.sender))
      return refuse('limitsExceeded', 'polkit is being asked already')
    asking.add(call.sender)
    try {
      return await askPolkit(bus, call, action)
    } catch (error) {
      log.failure('asking polkit about', action, error)
      return refuse('accessDenied', 'only root may do this: polkit cannot be asked')
    } finally {
      asking.delete(call.sender)
    }
  }
}

/**
 * Asks org.freedesktop.PolicyKit1.Authority, CheckAuthorization. The caller's unique name will do, as the bus never
 * gives it to another.
 */
async function askPolkit(bus: Bus, { sender, interactive }: IncomingCall, action: Action): Promise<Answer | null> {
  const [result] = await bus.call({
    destination: 'org.freedesktop.PolicyKit1',
    path: '/org/freedesktop/PolicyKit1/Authority',
    interface: 'org.freedesktop.PolicyKit1.Authority',
    member: 'CheckAuthorization',
    signature: '(sa{sv})sa{ss}us',
    body: [['system-bus-name', [['name', ['s', sender]]]], action, [], interactive ? 1 : 0, ''],
    ...(interactive ? { timeoutMs: passwordTimeoutMs } : {}),
  })
  const [isAuthorized, isChallenge] = Array.isArray(result) ? (result as unknown[]) : []
  if (isAuthorized === true) return null
  if (isChallenge === true && !interactive)
    return refuse(
      'interactiveAuthorizationRequired',
      'polkit wants to ask for a password, and the caller did not let it',
    )
  return refuse('accessDenied', `polkit does not allow ${action}`)
}
