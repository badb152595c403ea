/** Hold-down that grows with flapping, after BGP's route-flap damping (RFC 2439). Pure. */
import type { PathHealth } from './path-health.ts'

const halfLifeMs = 600_000
const mostMs = 600_000
/** The hold-down after a second failure, besides the count of answers; each further one about doubles it. */
const firstMs = 5000

type Penalty = Pick<PathHealth, 'penalty' | 'penaltyAt'>

/** The penalty after one more failure. */
export function addPenalty(line: Penalty, now: number): Penalty {
  return { penalty: penaltyAt(line, now) + 1, penaltyAt: now }
}

/** How many ms an offline line stays offline at least. */
export function holdDownMs(line: Penalty, now: number): number {
  const failures = penaltyAt(line, now)
  return Math.min(mostMs, firstMs * (2 ** Math.max(0, failures - 1) - 1))
}

function penaltyAt({ penalty, penaltyAt: at }: Penalty, now: number): number {
  return penalty * 0.5 ** ((now - at) / halfLifeMs)
}
