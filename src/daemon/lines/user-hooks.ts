/** The administrator's own programs (/etc/ifbalance/hooks.d), called when an uplink's state or this router's role changes. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../../layout.ts'
import type { Event } from '../../model/event.ts'
import type { Uplink, UplinkState } from '../../model/uplink.ts'
import { isHookName } from '../../net/valid.ts'
import { hasCode } from '../../os/error.ts'
import { log, messageOf } from '../../os/log.ts'
import { run } from '../../os/run.ts'
import { isTrusted } from '../../os/trusted.ts'

const timeoutMs = 10_000

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
 * after the other, each for ten seconds at most, and later changes wait. They run as the daemon does, as its user and
 * in its sandbox.
 */
export function createUserHooks(folder: string = paths.userHooks): UserHooks {
  let before: ReadonlyMap<string, UplinkState> | null = null
  let queue: Promise<void> = Promise.resolve()
  return {
    tellRole: ({ from, to, usable, reason }) => {
      if (from === null) return
      const env = { ROLE: to, PREVIOUS_ROLE: from, USABLE: String(usable ?? 0), REASON: reason }
      queue = queue.then(() => callAll(folder, env))
    },
    tell: (uplinks, reason) => {
      const now = new Map(uplinks.map((uplink) => [uplink.name, settled(uplink.state)]))
      for (const uplink of before === null ? [] : uplinks) {
        const was = before?.get(uplink.name) ?? 'absent'
        const is = settled(uplink.state)
        if (is === was) continue
        const env = {
          UPLINK: uplink.name,
          INTERFACE: uplink.interface,
          STATE: is,
          PREVIOUS_STATE: was,
          REASON: reason(uplink.name),
        }
        queue = queue.then(() => callAll(folder, env))
      }
      before = now
    },
  }
}

/** The state without suspicion, which is over in half a second, and mostly unfounded. */
function settled(state: UplinkState): UplinkState {
  return state === 'suspect' ? 'online' : state
}

async function callAll(folder: string, env: Readonly<Record<string, string>>): Promise<void> {
  for (const path of programsIn(folder)) {
    const problem = isTrusted(path)
    if (problem !== null) {
      log.event({ event: 'hook', hook: path, reason: `${path}: left out, ${problem}` })
      continue
    }
    try {
      await run(path, [], { env, timeoutMs, maxOutput: 64 * 1024 })
    } catch (error) {
      log.event({ event: 'hook', hook: path, reason: messageOf(error) })
    }
  }
}

const told = new Set<string>()

function tellOnce(path: string): void {
  if (!told.has(path) && told.size < 100)
    log.event({
      event: 'hook',
      hook: path,
      reason: `${path}: left out, expected a name of letters, digits, _ and -`,
    })
  told.add(path)
}

/** The programs in a folder, with names as run-parts(8) takes them, in its order. */
function programsIn(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).sort()
    for (const name of names.filter((other) => !isHookName(other))) tellOnce(join(folder, name))
    return names.filter(isHookName).map((name) => join(folder, name))
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) log.failure('hooks', '', error)
    return []
  }
}
