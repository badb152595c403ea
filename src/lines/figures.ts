/** The present values of a line's figures, rounded for people. Pure. */
import type { LineFigureName } from '../model/line-figures.ts'
import type { PathHealth } from './path-health.ts'
import { jitterOf, lossOf } from './quality.ts'

export const measured: Readonly<Record<LineFigureName, (line: PathHealth) => number | null>> = {
  latencyMs: ({ rtt }) => rtt && Math.round(rtt.smooth * 10) / 10,
  jitterMs: (line) => {
    const jitter = jitterOf(line)
    return jitter && Math.round(jitter * 10) / 10
  },
  loss: (line) => Math.round(lossOf(line) * 1000) / 1000,
}
