/** When a line is asked how large packets may be. Pure. */
import type { MtuAsked } from '../../model/path-mtu.ts'

const dayMs = 86_400_000
/** How long a line is left alone, also where it was out or is another: anybody on a link may name gateways. Doubled each time that nothing is found out. */
const pauseMs = 10_000

/**
 * Bytes a day. What it costs to ask a line that takes what its link takes is one packet; a narrow one costs some ten kilobytes,
 * and a hundred where it is lossy as well.
 */
const budget = { metered: 300_000, unmetered: 20_000_000 } as const

export function isDue(asked: MtuAsked | undefined, identity: string, isMetered: boolean, now: number): boolean {
  if (asked === undefined) return true
  const isSpent = asked.sent >= (isMetered ? budget.metered : budget.unmetered)
  if (isSpent && now - asked.countedFrom < dayMs) return false
  const age = now - asked.at
  if (asked.identity === identity && asked.failures > 0)
    return age >= Math.min(dayMs, pauseMs * 2 ** (asked.failures - 1))
  return age >= (asked.wasOut || asked.identity !== identity ? pauseMs : dayMs)
}

/** What is remembered after a search that sent so many bytes. */
export function afterSearch(
  before: MtuAsked | undefined,
  { identity, at, sent, isKnown }: { identity: string; at: number; sent: number; isKnown: boolean },
): MtuAsked {
  const isNewDay = before === undefined || at - before.countedFrom >= dayMs
  const isSame = before?.identity === identity
  return {
    ...{ identity, at, wasOut: false },
    failures: isKnown ? 0 : (isSame ? before.failures : 0) + 1,
    sent: (isNewDay ? 0 : before.sent) + sent,
    countedFrom: isNewDay ? at : before.countedFrom,
  }
}
