/**
 * Each case's world made for real: the kernel shows it as recorded, the plan is accepted and leaves nothing to do, and
 * `down` leaves nothing behind. `RECORD=1` writes observed.json and plan.txt anew, to be read before they are committed.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { paths } from '../../src/layout.ts'
import type { Observed } from '../../src/model/observed.ts'
import { commandOf } from '../../src/reconcile/apply/commands.ts'
import { decide } from '../../src/reconcile/decide/decide.ts'
import { diff } from '../../src/reconcile/diff.ts'
import { observe } from '../../src/reconcile/observe/observe.ts'
import { reconcile, survey, takeDown } from '../../src/reconcile/reconcile.ts'
import { allCases } from '../cases.ts'
import { configOf } from '../config-of.ts'
import { run } from '../lab/run.ts'
import { difference, kernelState } from './kernel-state.ts'
import { scenario } from './namespace.ts'
import { linksSettled } from './world.ts'

const play = await scenario(import.meta, async (folder: string) => {
  const config = configOf(readCase(folder, 'ifbalance.conf') ?? '')
  for (const name of ['rp_filter', 'ignore_routes_with_linkdown'])
    writeFileSync(`/proc/sys/net/ipv4/conf/default/${name}`, '0')
  // An empty line is a pause: what comes next happens when the kernel has got over what was before.
  for (const part of (readCase(folder, 'world.batch') ?? '').split('\n\n')) {
    await run('/usr/sbin/ip', ['-batch', '-'], { input: part })
    await linksSettled()
  }
  mkdirSync(paths.run, { recursive: true })
  if (existsSync(join(folder, 'run'))) cpSync(join(folder, 'run'), paths.run, { recursive: true })

  const before = await kernelState()
  // What the kernel can do is not the case's, nor when it is played.
  const { uptime: _, ipsec: __, mptcp: ___, ...observed } = await observe(config)
  const { steps } = await survey(config)
  const outcome = await reconcile(config)
  const again = await survey(config)
  await takeDown(config)
  const after = await kernelState()

  return {
    observed: {
      ...observed,
      links: observed.links.filter(({ name }) => !/^(tunl|sit|gre|erspan|ip6|ip_vti|teql)/.test(name)),
    },
    plan: steps.map(commandOf),
    remaining: outcome.remaining.map(commandOf),
    errors: [...outcome.errors, ...outcome.refused.map(({ why }) => why)],
    // What a second run right after the first would still do.
    again: again.steps.map(commandOf),
    // What `down` leaves of ours or takes of others', line by line against the state before.
    leftOver: difference(before, after).filter((line) => !isOurs(line)),
  }
})

function readCase(folder: string, name: string): string | null {
  const path = join(folder, name)
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}

/** What a case's world has of an earlier run. */
function isOurs(line: string): boolean {
  return /^- (.* table 30\d{3}\b|(20\d{3}|32765):.* lookup (30\d{3}|main suppress)|32765:.* iif \S+ lookup main)/.test(
    line,
  )
}

test.each(allCases())('$name', async ({ path, config, read, write }) => {
  const played = await play({}, path)
  if (process.env['RECORD']) {
    const observed: Observed = played.observed
    const desired = decide(config, observed)
    const plan = diff(observed, desired, config.layout).map(commandOf)
    write('observed.json', `${JSON.stringify(observed, null, 1)}\n`)
    write('plan.txt', `${[...desired.warnings.map(({ reason }) => `# warning: ${reason}`), ...plan].join('\n')}\n`)
  }
  expect(played.observed).toEqual(JSON.parse(read('observed.json')))
  expect(played).toMatchObject({ errors: [], remaining: [], again: [], leftOver: [] })
})
