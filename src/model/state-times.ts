/** Since when uplinks are in their states. */
import { isWorking, type UplinkState } from './uplink.ts'

/** `since` in milliseconds since 1970. */
export interface StateTime {
  readonly state: UplinkState
  readonly since: number
}

/** By an uplink's name. */
export type StateTimes = Readonly<Record<string, StateTime>>

/** Whether that is still the state. A suspicion is no state of its own: it is over in half a second, and mostly unfounded. */
export function isStill({ state }: Pick<StateTime, 'state'>, now: UplinkState): boolean {
  return state === now || (now === 'suspect' && isWorking({ state }))
}
