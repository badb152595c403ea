/** Which of the administrator's rules nft refuses: the others have the effect that they have without those. */

import { replaceRuleset } from '../../kernel/nft/table.ts'
import { programs } from '../../layout.ts'
import type { Config } from '../../model/config.ts'
import type { Desired } from '../../model/desired.ts'
import type { Observed } from '../../model/observed.ts'
import { run } from '../../os/run.ts'
import { decide } from '../decide/decide.ts'

const pauseMs = 600_000
const mostChecks = 40

let kept: { readonly rules: Config['rules']; readonly names: ReadonlySet<string>; readonly until: number } | null = null

/** What should be without the rules that were refused lately; the warnings name them. */
export function decideWithoutRefused(config: Config, observed: Observed): Desired {
  const names = refusedNow(config)
  if (names.size === 0) return decide(config, observed)
  const desired = decide(without(config, names), observed)
  return {
    ...desired,
    warnings: [
      ...desired.warnings,
      ...[...names].map(
        (rule) => ({ kind: 'refused', rule, reason: `rule ${rule}: left out, nft refuses it` }) as const,
      ),
    ],
  }
}

/**
 * Finds the rules that nft refuses, after it has refused a table. It is asked without effect about parts of the rules
 * (nft --check, which the kernel answers), and those that it refuses alone are remembered for ten minutes. Does nothing
 * where the rules are not what it refuses.
 */
export async function findRefusedRules(config: Config, observed: Observed): Promise<void> {
  const names = config.rules.map(({ name }) => name).filter((name) => !refusedNow(config).has(name))
  let checks = 0
  const accepts = async (some: readonly string[]) => {
    checks++
    const others = new Set(config.rules.map(({ name }) => name).filter((name) => !some.includes(name)))
    const { ruleset } = decide(without(config, others), observed)
    if (ruleset === null) return true
    const input = replaceRuleset(ruleset, observed.ruleset)
    return (await run(programs.nft, ['--check', '-f', '-'], { input, accept: [0, 1] })).exitCode === 0
  }
  const search = async (some: readonly string[]): Promise<readonly string[]> => {
    if (checks >= mostChecks || (await accepts(some))) return []
    if (some.length <= 1) return some
    const half = Math.ceil(some.length / 2)
    return [...(await search(some.slice(0, half))), ...(await search(some.slice(half)))]
  }
  if (names.length === 0 || !(await accepts([]))) return
  const found = await search(names)
  if (found.length === 0) return
  const all = new Set([...refusedNow(config), ...found])
  kept = { rules: config.rules, names: all, until: performance.now() + pauseMs }
}

function refusedNow({ rules }: Config): ReadonlySet<string> {
  return kept !== null && kept.rules === rules && performance.now() < kept.until ? kept.names : new Set()
}

function without(config: Config, names: ReadonlySet<string>): Config {
  return { ...config, rules: config.rules.filter(({ name }) => !names.has(name)) }
}
