/** Why an uplink is in its state, in one phrase for people. Pure. */
import type { Health } from '../model/health.ts'
import { getOwn } from '../values/get-own.ts'
import type { UplinkStatus } from './status.ts'

/**
 * What keeps it from having a line, or else what is known of the line that is worse: where one family is dead and the
 * other works, the uplink is online, and that is what there is to say. Null where nobody looks.
 */
export function stateReason(
  { name, why, inet, inet6 }: Pick<UplinkStatus, 'name' | 'why' | 'inet' | 'inet6'>,
  health: Health,
): string | null {
  if (why !== undefined) return why
  const lines = getOwn(health, name) ?? {}
  const known = [
    ...(inet && lines.inet ? [{ family: 'IPv4', ...lines.inet }] : []),
    ...(inet6 && lines.inet6 ? [{ family: 'IPv6', ...lines.inet6 }] : []),
  ]
  const [worst] = known.toSorted((one, other) => rank(other) - rank(one))
  if (worst === undefined) return null
  const isAlone = known.every((line) => rank(line) === rank(worst))
  return isAlone ? worst.why : `${worst.family}: ${worst.why}`
}

function rank({ state, degraded }: { readonly state: string; readonly degraded: boolean }): number {
  if (state === 'offline') return 3
  return degraded ? 2 : state === 'suspect' ? 1 : 0
}
