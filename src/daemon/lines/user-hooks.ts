/** The administrator's own programs (/etc/ifbalance/hooks.d), called when an uplink's state or this router's role changes. */
import { paths } from '../../layout.ts'
import type { Event } from '../../model/event.ts'
import { settled, type Uplink, type UplinkState } from '../../model/uplink.ts'
import { log } from '../../os/log.ts'
import { type Change, type Complaint, callUserPrograms } from './user-programs.ts'

/** Changes that wait for the programs to end; of more, the log tells. */
const mostWaiting = 100

type RoleChange = Extract<Event, { readonly event: 'role' }>

export interface UserHooks {
  /**
   * Called after each round: calls the programs for every uplink whose state is another than after the round before.
   */
  readonly tell: (uplinks: readonly Uplink[], reason: (uplink: string) => string) => void
  /** Calls the programs for another role, unless none was known before. */
  readonly tellRole: (change: RoleChange) => void
}

/**
 * Calls the administrator's programs. The first round calls none, as a restart of the daemon is no news. They run one
 * after the other, each for ten seconds at most, and later changes wait.
 */
export function createUserHooks(folder: string = paths.userHooks): UserHooks {
  let before: ReadonlyMap<string, UplinkState> | null = null
  let queue: Promise<void> = Promise.resolve()
  let waiting = 0
  const lasting = new Set<string>()

  function call(change: Change): void {
    if (waiting >= mostWaiting) {
      if (waiting === mostWaiting)
        complain({ hook: folder, reason: `${folder}: not called for what changes until others end` })
      waiting = mostWaiting + 1
      return
    }
    waiting += 1
    queue = queue.then(async () => {
      for (const complaint of await callUserPrograms(folder, change)) complain(complaint)
      waiting = Math.min(waiting, mostWaiting) - 1
    })
  }

  function complain({ hook, reason, isLasting }: Complaint): void {
    if (isLasting && (lasting.has(reason) || lasting.size >= 100)) return
    if (isLasting) lasting.add(reason)
    log.event({ event: 'hook', hook, reason })
  }

  return {
    tellRole: ({ from, to, usable, reason }) => {
      if (from === null) return
      call({ ROLE: to, PREVIOUS_ROLE: from, USABLE: String(usable ?? 0), REASON: reason })
    },
    tell: (uplinks, reason) => {
      const now = new Map(uplinks.map(({ name, state }) => [name, settled(state, before?.get(name))]))
      for (const uplink of before === null ? [] : uplinks) {
        const was = before?.get(uplink.name) ?? 'absent'
        const is = settled(uplink.state, was)
        if (is === was) continue
        call({
          UPLINK: uplink.name,
          INTERFACE: uplink.interface,
          STATE: is,
          PREVIOUS_STATE: was,
          REASON: reason(uplink.name),
        })
      }
      before = now
    },
  }
}
