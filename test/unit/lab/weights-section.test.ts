import { expect, test } from 'vitest'
import type { WeightsSample } from '../../bench/weights-results.ts'
import { weightsSection } from '../../bench/weights-section.ts'

test('what lines carry is shown as medians with the worst, and alone where there was one run', () => {
  const sample = (weighting: WeightsSample['weighting'], first: number): WeightsSample => ({
    ...{ lines: '40/10', weighting, shares: [first, 0.9], mean: 2500, p95: 7000 * first, changes: 3 },
  })
  const samples = [...[0.97, 0.99, 0.9].map((first) => sample('by itself', first)), sample('mwan3', 0.37)]
  const { markdown } = weightsSection({ on: 'any', concurrent: 64, bytes: 250_000, samples })
  expect(markdown).toContain(
    '| 40/10 | ifbalance, no configuration | 97 % (90 %) | 90 % (90 %) | 2.50 (2.50) | 6.79 (6.93) | 3 (3) | 3 |',
  )
  expect(markdown).toContain("| 40/10 | mwan3's shape, 1:1 | 37 % | 90 % | 2.50 | 2.59 | 3 | 1 |")
})
