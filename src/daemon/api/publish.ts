/** What the daemon shows on the bus, and what it does for callers on the bus and on the control socket. */

import { cgroupId } from '../../kernel/cgroup/cgroups.ts'
import { slicePath } from '../../kernel/cgroup/slices.ts'
import type { Cause } from '../../model/cause.ts'
import type { Cgroups } from '../../model/kernel.ts'
import type { Bus } from '../../os/dbus/bus.ts'
import { messageOf } from '../../os/log.ts'
import type { Status } from '../../status/status.ts'
import { type SwitchVerb, saveSwitch } from '../../store/switches.ts'
import { version } from '../../values/version.ts'
import type { Reply } from '../control/protocol.ts'
import { cannotSwitch, switchReply, uplinkCalled } from '../control/switching.ts'
import type { Past } from './past.ts'
import { createService } from './service.ts'

export interface Published {
  /** Shows how things are after a round. */
  readonly show: (status: Status) => void
  /** Takes an uplink out or in, or drains it, and answers when the kernel has it so. Never throws. */
  readonly switchUplink: (verb: SwitchVerb, uplink: string) => Promise<Reply>
  /** Answers when the kernel sends what the uplink's slice sends by the uplink. */
  readonly followSlice: (uplink: string) => Promise<Reply>
}

/**
 * Publishes the daemon. `now` makes a round and gives its reply; `slices` are those that the latest round left
 * followed; `past` is what is known of it.
 */
export function publish(bus: Bus, now: (cause: Cause) => Promise<Reply>, slices: () => Cgroups, past: Past): Published {
  const follow = sliceFollower(now, slices)
  const published: Published = {
    show: (status) => {
      latest = status
      const { mode, heldDown, pair, uplinks, warnings } = status
      service.update({ version, mode, heldDown, ...(pair && { pair }), warnings, uplinks })
    },
    switchUplink: async (verb, word) => {
      const uplink = uplinkCalled(word, latest?.uplinks ?? [])
      if (typeof uplink !== 'string') return uplink
      const find = () => latest?.uplinks.find(({ name }) => name === uplink)
      const before = find()
      const refusal = before ? cannotSwitch(verb, before) : null
      if (refusal) return refusal
      try {
        saveSwitch(verb, uplink)
        const reply = await now({ kind: 'enabling', uplink, reason: `${uplink} ${done[verb]}` })
        return switchReply(verb, uplink, find(), reply)
      } catch (error) {
        return { ok: false, message: messageOf(error) }
      }
    },
    followSlice: async (word) => {
      const uplink = uplinkCalled(word, latest?.uplinks ?? [])
      if (typeof uplink !== 'string') return uplink
      if (latest?.heldDown) return { ok: false, message: 'taken down; ifbalance apply starts again' }
      return follow(slicePath(uplink))
    },
  }
  let latest: Status | null = null
  const { switchUplink, followSlice } = published
  const service = createService(bus, { reconcile: now, switchUplink, followSlice }, past)
  return published
}

/**
 * Returns what has a slice followed. It makes a round only where the latest one has not seen the slice, and has not
 * just failed to follow it: anyone may ask, and as often as they like.
 */
function sliceFollower(now: (cause: Cause) => Promise<Reply>, slices: () => Cgroups): (path: string) => Promise<Reply> {
  const failed = new Map<string, { readonly id: number; readonly at: number; readonly message: string }>()
  return async (path) => {
    const id = cgroupId(path)
    if (id === null) return { ok: false, message: `there is no ${path}` }
    const isFollowed = () => slices()[path] === id
    if (isFollowed()) return { ok: true, message: path }
    const before = failed.get(path)
    if (before?.id === id && performance.now() - before.at < failureMs) return { ok: false, message: before.message }
    const { message } = await now({ kind: 'slice', reason: `new ${path}` })
    if (isFollowed()) return { ok: true, message: path }
    failed.set(path, { id, at: performance.now(), message })
    return { ok: false, message }
  }
}

const done: Readonly<Record<SwitchVerb, string>> = { enable: 'enabled', disable: 'disabled', drain: 'drained' }

const failureMs = 2000
