/** Watches control groups that rules name: they come and go with the programs in them, and no netlink message tells. */
import { isDeepStrictEqual } from 'node:util'
import { readCgroups } from '../../kernel/cgroup/cgroups.ts'
import type { Cgroups } from '../../model/kernel.ts'
import type { SteeringRule } from '../../model/rule.ts'
import type { Ticker } from '../ticker.ts'

const lookMs = 500

/**
 * Calls `onChange` while they are others than `steered` says, which is what the latest round found, whoever asked for
 * it. Null: nothing is steered, so nothing is to be told.
 */
export function watchCgroups(
  pulse: Ticker,
  rules: () => readonly SteeringRule[],
  steered: () => Cgroups | null,
  onChange: () => void,
): void {
  const look = () => {
    const expected = steered()
    if (expected !== null && !isDeepStrictEqual(readCgroups({ rules: rules() }), expected)) onChange()
    return undefined
  }
  pulse.join(look, lookMs)
}
