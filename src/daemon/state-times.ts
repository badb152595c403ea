/** Since when each uplink is in its state: seen by the daemon, and kept for commands and for the daemon after it. */
import { uptime as systemUptime } from 'node:os'
import type { StateTime, StateTimes } from '../model/state-times.ts'
import { settled, type UplinkState } from '../model/uplink.ts'
import type { Status } from '../status/status.ts'
import { loadStateTimes, saveStateTimes, writeEveryMs } from '../store/state-times.ts'
import { getOwn } from '../values/get-own.ts'
import type { Ticker } from './ticker.ts'

export interface StateTimesKept {
  /** The status as it is told, see settled(): for each uplink its state, and since when. Called after each round. */
  readonly added: (status: Status) => Status
}

/** `uptimeMs` is the host's, with the time that it was suspended. */
interface Doors {
  readonly load: () => StateTimes
  readonly save: (times: StateTimes) => void
  readonly wallMs: () => number
  readonly uptimeMs: () => number
}

const system: Doors = {
  load: loadStateTimes,
  save: saveStateTimes,
  wallMs: () => Date.now(),
  uptimeMs: () => systemUptime() * 1000,
}

/** The host's date is believed to have been set, as by NTP after a boot without a clock, where it moves by more than this. */
const leapMs = 3000

export function keepStateTimes(pulse: Pick<Ticker, 'join'>, doors: Doors = system): StateTimesKept {
  const { load, save, wallMs, uptimeMs } = doors
  const now = () => ({ wall: Math.round(wallMs()), up: uptimeMs() })
  /** `up`: when it began, by the host's uptime, which nobody sets. */
  let known: ReadonlyMap<string, StateTime & { readonly up: number }> | null = null
  const before = load()

  function next(name: string, state: UplinkState) {
    const { wall, up } = now()
    const earlier = known === null ? getOwn(before, name) : undefined
    const last = earlier ? { ...earlier, up: up - (wall - earlier.since) } : known?.get(name)
    const told = settled(state, last?.state)
    if (last?.state === told) {
      const since = Math.round(wall - (up - last.up))
      return Math.abs(since - last.since) > leapMs ? { ...last, since } : last
    }
    return { state: told, since: wall, up }
  }

  function write(): undefined {
    if (known !== null) save(Object.fromEntries([...known].map(([name, { state, since }]) => [name, { state, since }])))
  }

  pulse.join(write, writeEveryMs)
  return {
    added: (status) => {
      const last = known
      const times = new Map(status.uplinks.map(({ name, state }) => [name, next(name, state)]))
      known = times
      if (times.size !== last?.size || [...times].some(([name, time]) => last.get(name) !== time)) write()
      const uplinks = status.uplinks.map((uplink) => {
        const time = times.get(uplink.name)
        return { ...uplink, ...(time && { state: time.state, since: time.since }) }
      })
      return { ...status, uplinks }
    },
  }
}
