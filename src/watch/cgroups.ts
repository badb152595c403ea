/** Control groups that rules name: they come and go with the programs in them, and no netlink message tells. */
import { isDeepStrictEqual } from 'node:util'
import type { SteeringRule } from '../model.ts'
import { readCgroups } from '../observe/cgroups.ts'
import type { Pulse } from './pulse.ts'

const lookMs = 500

/** Calls `onChange` once for each change: what comes of it is the next round's business. */
export function watchCgroups(
  pulse: Pulse,
  rules: () => readonly SteeringRule[],
  onChange: (reason: string) => void,
): void {
  let last = readCgroups({ rules: rules() })
  const look = () => {
    const now = readCgroups({ rules: rules() })
    if (!isDeepStrictEqual(now, last)) onChange('control group')
    last = now
    return undefined
  }
  pulse.join(look, lookMs)
}
