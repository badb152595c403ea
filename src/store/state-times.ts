/** Since when uplinks are in their states, as the daemon has seen it: for commands, and for the daemon that comes after it. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { StateTimes } from '../model/state-times.ts'
import { uplinkStates } from '../model/uplink.ts'
import { isUplinkName } from '../net/valid.ts'
import { type Json, numberOf, objectOf } from '../values/checked.ts'
import { loadFile, saveFile } from './file.ts'
import { type Format, jsonObject, jsonText, load, monotonicMs } from './stored.ts'

/**
 * How often the file is written at least. It is not believed for longer than `freshMs`: what became of uplinks since the daemon
 * is gone, nobody has seen.
 */
export const writeEveryMs = 20_000
const freshMs = 60_000

export const stateTimesFile: Format<StateTimes> = {
  path: join(paths.run, 'state-times.json'),
  none: {},
  parse: (text) => {
    const { at, uplinks } = jsonObject(text)
    const age = monotonicMs() - numberOf(at)
    return age >= 0 && age <= freshMs ? timesIn(objectOf(uplinks)) : {}
  },
  format: (uplinks) => jsonText({ at: monotonicMs(), uplinks }),
}

/** Never throws. */
export function loadStateTimes(): StateTimes {
  return load(stateTimesFile, 'nothing is known of since when', loadFile)
}

/** Never throws. */
export function saveStateTimes(times: StateTimes): void {
  saveFile(stateTimesFile.path, stateTimesFile.format(times))
}

function timesIn(uplinks: Json): StateTimes {
  return Object.fromEntries(
    Object.entries(uplinks).flatMap(([name, value]) => {
      const { state, since } = objectOf(value)
      const known = uplinkStates.find((one) => one === state)
      const isTimed = isUplinkName(name) && known !== undefined && Number.isFinite(since)
      return isTimed ? [[name, { state: known, since: numberOf(since) }] as const] : []
    }),
  )
}
