/** `npm run bench` still works: one short round of what needs a booted machine. Figures are in docs/benchmarks.md. */
import { describe, expect, test } from 'vitest'
import { measureCommands } from '../bench/commands.ts'
import { controlSection } from '../bench/control-section.ts'
import { measureFailover } from '../bench/failover.ts'
import { failoverSection } from '../bench/failover-section.ts'
import { measureThroughput } from '../bench/throughput.ts'
import { throughputSection } from '../bench/throughput-section.ts'
import { record } from '../lab/measurements.ts'
import { lacksLab } from './needs.ts'

const progress = (line: string) => process.stdout.write(`  ${line}\n`)

describe.skipIf(await lacksLab())('bench', () => {
  test("bench commands: ours, the article's and Shorewall's", async () => {
    const commands = await measureCommands(1, progress)
    expect(new Set(commands.map(({ who }) => who))).toEqual(new Set(['article', 'shorewall', 'ifbalance']))
    for (const { what, ms, processes } of commands) {
      expect(ms, what).toBeGreaterThan(5)
      // The hook's shell script alone would be two.
      expect(processes, what).toBeGreaterThan(2)
    }
    expect(controlSection({ on: 'any', reconcile: [], commands }).markdown).toContain('| Shorewall | disable wan2 |')
  })

  test('bench failover: a dead line is noticed by ifbalance, and never by the article', async () => {
    const results = [
      ...(await measureFailover({ who: 'ifbalance', faults: ['blackhole'], rounds: 1 }, progress)),
      ...(await measureFailover({ who: 'article', faults: ['blackhole'], rounds: 1 }, progress)),
    ]
    const [ours, article] = results.map(({ rounds: [round] }) => round)
    expect(ours?.goodMs).toBeGreaterThan(0)
    expect(ours?.backMs).toBeGreaterThan(0)
    expect(ours?.lostElsewhere).toBe(0)
    expect(article?.goodMs).toBeNull()
    expect(failoverSection({ on: 'any', results }).markdown).toContain('| the article | never (5 s) |')
  })

  test('bench throughput: both lines are filled', async () => {
    const results = await measureThroughput({ rounds: 1, seconds: 2 }, progress)
    const ours = results.samples.find(({ setup }) => setup === 'ifbalance')
    for (const at of [0, 1] as const) {
      const [value, least] = [ours?.carried[at] ?? 0, results.lines[at] / 2]
      const name = `carried by line ${at + 1} of ${results.lines[at]}, in two seconds`
      record({ name, value, unit: 'Mbit/s', limit: null, least, release: 'trixie', stack: 'bench' })
    }
    expect(results.memory.rss).toBeGreaterThan(20)
    expect(throughputSection(results).markdown).toContain('| ifbalance, weights 4:1 |')
  })
})
