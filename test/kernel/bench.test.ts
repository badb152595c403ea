/** `npm run bench` still works: one short round of what needs no booted machine. Figures are in docs/benchmarks.md. */
import { expect, test } from 'vitest'
import { controlSection } from '../bench/control-section.ts'
import { measureReconcile } from '../bench/reconcile.ts'

test('bench reconcile: each amount of change is measured, and shown', async () => {
  const reconcile = await measureReconcile([2, 9], 1)
  expect(reconcile.map(({ uplinks, amount }) => `${uplinks} ${amount}`)).toEqual([
    ...['2 nothing', '2 one', '2 all'],
    ...['9 nothing', '9 one', '9 all'],
  ])
  for (const { ms, programs } of reconcile) {
    expect(ms).toBeGreaterThan(1)
    expect(programs).toBeGreaterThanOrEqual(3)
  }
  const { markdown, plots } = controlSection({ on: 'any', reconcile, commands: [] })
  expect(markdown).toMatch(/\| 9 \| everything to set up \| [\d,.]+ \|/)
  expect(plots.get('commands.svg')).toMatch(/^<svg/)
})
