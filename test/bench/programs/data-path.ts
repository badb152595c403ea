/**
 * The price of packets behind one ruleset: data-path.js JSON, see Plan. Runs in the emulated machine; prints one JSON object,
 * or null where there is no such ruleset.
 */

import { projectFolder } from '../../emulated/paths.ts'
import { command } from '../../lab/command.ts'
import type { DataPath, Plan, Prices } from '../results.ts'
import { rulesetOf } from '../rulesets.ts'
import { install, makeWorld } from '../world.ts'

const plan: Plan = JSON.parse(process.argv[2] ?? '{}')
const { ruleset, uplinks, rounds, variant } = plan

async function measure(family: 'inet' | 'inet6', from: 'lan' | 'host'): Promise<Prices> {
  const script = `${projectFolder}/test/bench/programs/packets.py`
  const { stdout } = await command(['/usr/bin/python3', script, family, from, String(rounds)])
  return JSON.parse(stdout)
}

await makeWorld(uplinks)
let result: DataPath | null = null
if (await install(ruleset, uplinks, variant)) {
  const hasSix = ruleset === 'ifbalance' || rulesetOf(ruleset, 'inet6', uplinks) !== null
  const both = async (family: 'inet' | 'inet6') => ({
    forwarded: await measure(family, 'lan'),
    local: await measure(family, 'host'),
  })
  result = { inet: await both('inet'), inet6: hasSix ? await both('inet6') : null }
}
process.stdout.write(`${JSON.stringify(result)}\n`)
