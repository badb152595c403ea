/**
 * Runs in fresh network and mount namespaces (see namespace.ts): makes the world of a case, lets the pipeline work on it,
 * and prints what came out as JSON.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../../src/layout.ts'
import { commandOf } from '../../src/reconcile/apply/commands.ts'
import { observe } from '../../src/reconcile/observe/observe.ts'
import { reconcile, survey, takeDown } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import { run } from '../lab/run.ts'
import { difference, kernelState } from './kernel-state.ts'
import { linksSettled } from './world.ts'

export interface Played {
  readonly observed: unknown
  readonly plan: readonly string[]
  readonly remaining: readonly string[]
  readonly errors: readonly string[]
  /** What a second run right after the first would still do. */
  readonly again: readonly string[]
  /** What `down` leaves of ours or takes of others', line by line against the state before. */
  readonly leftOver: readonly string[]
}

const folder = process.argv[2] ?? ''
const config = configOf(readCase('ifbalance.conf') ?? '')

for (const name of ['rp_filter', 'ignore_routes_with_linkdown'])
  writeFileSync(`/proc/sys/net/ipv4/conf/default/${name}`, '0')
// An empty line is a pause: what comes next happens when the kernel has got over what was before.
for (const part of (readCase('world.batch') ?? '').split('\n\n')) {
  await run('/usr/sbin/ip', ['-batch', '-'], { input: part })
  await linksSettled()
}
mkdirSync(paths.run, { recursive: true })
if (existsSync(join(folder, 'run'))) cpSync(join(folder, 'run'), paths.run, { recursive: true })

const before = await kernelState()
const { uptime: _, ...observed } = await observe(config)
const { steps } = await survey(config)
const outcome = await reconcile(config)
const again = await survey(config)
await takeDown(config)
const after = await kernelState()

const played: Played = {
  observed: {
    ...observed,
    // What the kernel can do is not the case's.
    ipsec: undefined,
    links: observed.links.filter(({ name }) => !/^(tunl|sit|gre|erspan|ip6|ip_vti|teql)/.test(name)),
  },
  plan: steps.map(commandOf),
  remaining: outcome.remaining.map(commandOf),
  errors: [...outcome.errors, ...outcome.refused.map(({ why }) => why)],
  again: again.steps.map(commandOf),
  leftOver: difference(before, after).filter((line) => !isOurs(line)),
}
process.stdout.write(JSON.stringify(played))

function readCase(name: string): string | null {
  const path = join(folder, name)
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}

/** What a case's world has of an earlier run. */
function isOurs(line: string): boolean {
  return /^- (.*proto 98|(20\d{3}|32765):.* lookup (30\d{3}|main suppress)|32765:.* iif \S+ lookup main)/.test(line)
}
