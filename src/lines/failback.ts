/** `failback = kill`: once an uplink is back to stay, connections that went elsewhere are cut. Pure. */
import { balancedDevices } from '../model/active-uplinks.ts'
import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { Uplink } from '../model/uplink.ts'
import type { Family } from '../net/family.ts'

/** How long an uplink has to be back: cutting connections for one that goes again would be worse than leaving them. */
const stableMs = 30_000

/** By uplink and family, since when it carries new connections, and whether it was away before. */
export type Carrying = ReadonlyMap<string, { readonly since: number; readonly returned: boolean }>

export interface Failback {
  readonly carrying: Carrying
  /** Uplinks, by family, whose connections are to be cut now; they carry no new ones. */
  readonly victims: readonly { readonly uplink: Uplink; readonly family: Family }[]
}

/**
 * What carries now, and whose connections are to be cut. `before` is null at the start, when nothing has returned;
 * `now` in monotonic ms.
 */
export function failBack(before: Carrying | null, desired: Desired, config: Config, now: number): Failback {
  const inTurn = ['overflow', 'latency'].includes(config.balance.spread ?? '')
  const carrying = new Map<string, { since: number; returned: boolean }>()
  const victims: { uplink: Uplink; family: Family }[] = []
  for (const family of ['inet', 'inet6'] as const) {
    const devices = balancedDevices(family, desired.routes, config.layout)
    let due = false
    for (const { name, interface: device } of desired.uplinks.filter((uplink) => devices.has(uplink.interface))) {
      const key = `${name} ${family} ${device}`
      const known = before?.get(key)
      const entry = known ?? { since: now, returned: before !== null }
      // Who takes connections by turns was not away.
      const kills = !inTurn && config.uplinks.find((section) => section.name === name)?.failback === 'kill'
      const stable = entry.returned && now - entry.since >= stableMs
      if (stable && kills) due = true
      carrying.set(key, stable ? { ...entry, returned: false } : entry)
    }
    if (due)
      for (const uplink of desired.uplinks)
        if (!devices.has(uplink.interface) && uplink[family] !== null) victims.push({ uplink, family })
  }
  return { carrying, victims }
}
