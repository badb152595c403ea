/** The benchmarks still work: one short round of two rulesets. What they show is in docs/benchmarks.md. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bootEmulated, type EmulatedMachine, lacksEmulator } from '../emulated/machine.ts'
import { disposer } from '../lab/disposer.ts'
import { measurePlans } from './data-path.ts'
import { dataPathSection } from './data-path-section.ts'
import { items } from './results.ts'

const undo = disposer()
const progress = (line: string) => process.stdout.write(`  ${line}\n`)
let machine: EmulatedMachine

describe.skipIf(lacksEmulator())('benchmarks', () => {
  beforeAll(async () => {
    machine = await bootEmulated(undo, { progress })
  })
  afterAll(() => undo.dispose())

  test('the price of packets behind ifbalance is more than none, and less than that of all else together', async () => {
    const plans = (['plain', 'ifbalance', 'offload'] as const).map((what) => ({
      ...(what === 'offload'
        ? { ruleset: 'ifbalance' as const, variant: what }
        : { ruleset: what, variant: 'none' as const }),
      uplinks: 2,
      rounds: 1,
    }))
    const results = await measurePlans(machine, plans, progress)
    const [plain, ours, offloaded] = results.map(({ prices }) => prices)
    for (const family of ['inet', 'inet6'] as const)
      expect(offloaded?.[family]?.forwarded.established, family).toBeLessThan(
        plain?.[family]?.forwarded.established ?? 0,
      )
    for (const family of ['inet', 'inet6'] as const)
      for (const way of ['forwarded', 'local'] as const)
        for (const item of items) {
          const [without = 0, price = 0] = [plain?.[family]?.[way][item], ours?.[family]?.[way][item]]
          expect(without, `${family} ${way} ${item}`).toBeGreaterThan(5000)
          expect(price, `${family} ${way} ${item}`).toBeGreaterThan(without)
          expect(price, `${family} ${way} ${item}`).toBeLessThan(2 * without)
        }
    const { markdown, plots } = dataPathSection({ kernel: 'any', results })
    expect(markdown).toMatch(/\| ifbalance \| [\d,]+ \|/)
    expect(plots.get('packet.svg')).toMatch(/^<svg/)
  })
})
