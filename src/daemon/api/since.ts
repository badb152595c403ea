/** Since when each uplink is in its state, for as long as the daemon runs. */
import type { UplinkStatus } from '../../status/status.ts'
import type { ServedUplink } from './uplink.ts'

/** Returns a function that adds it, and remembers what it was told before; `now` in milliseconds of the wall clock. */
export function rememberSince(): (uplinks: readonly UplinkStatus[], now: number) => readonly ServedUplink[] {
  let known = new Map<string, { readonly state: string; readonly since: number }>()
  return (uplinks, now) => {
    const served = uplinks.map((uplink): ServedUplink => {
      const before = known.get(uplink.name)
      return { ...uplink, since: before?.state === uplink.state ? before.since : now * 1000 }
    })
    known = new Map(served.map(({ name, state, since }) => [name, { state, since }]))
    return served
  }
}
