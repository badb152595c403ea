/**
 * What harm we do to a router that others have configured: for each random choice of others' rulesets, rules and routes, flows are
 * tried without us, after we came, after changes of our configuration and of the lines, and after we went.
 *
 * `CHOICES=500 SEED=1 npx vitest run --project kernel harm` plays longer, and again what a seed has found; SHRINK=1 shrinks that.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { forgetForeignNat } from '../../src/kernel/foreign-nat/foreign-nat.ts'
import type { Config } from '../../src/model/config.ts'
import type { Health } from '../../src/model/health.ts'
import { reconcile, takeDown } from '../../src/reconcile/reconcile.ts'
import { saveHealth } from '../../src/store/health.ts'
import { configOf } from '../config-of.ts'
import { hangsMs } from '../lab/patience.ts'
import { run } from '../lab/run.ts'
import { healthOf } from '../unit/builders.ts'
import { expectationsOf, type Flows, isLeftToMain, linesOf } from './harm/expectations.ts'
import { startFlows } from './harm/flows.ts'
import { groups, type Piece } from './harm/foreign.ts'
import { everything } from './harm/host-state.ts'
import { makeWorld, namespaces, servicePort, setCarrier, setDark } from './harm/world.ts'
import { difference } from './kernel-state.ts'
import { scenario } from './namespace.ts'

const plain = configOf('')
const configs: readonly Config[] = [
  plain,
  configOf('[uplink wan2]\ninterface = wan2\nweight = 3\n'),
  configOf('[balance]\nmode = flow\n'),
  configOf('[uplink wan2]\ninterface = wan2\nstandby = yes\n'),
  configOf(
    '[rule lan]\nsource = 192.168.77.0/24\nuplinks = wan2\n[uplink wan1]\ninterface = wan1\n[uplink wan2]\ninterface = wan2\n',
  ),
]

type Change =
  | { readonly kind: 'configure'; readonly config: number }
  /** A line is lost and comes back: its link, or what is behind it, of which probes would tell. */
  | { readonly kind: 'carrier' | 'verdict'; readonly isp: 1 | 2 }

/** A router, and what happens to it. */
const choice = fc.record({
  pieces: fc.tuple(...groups.map((pieces) => fc.option(fc.constantFrom(...pieces), { nil: null }))),
  changes: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('configure' as const), config: fc.nat(configs.length - 1) }),
      fc.record({
        kind: fc.constantFrom('carrier' as const, 'verdict' as const),
        isp: fc.constantFrom(1 as const, 2 as const),
      }),
    ),
    { maxLength: 3 },
  ),
})

/** The first pieces of these names. */
const named = (...names: readonly string[]) =>
  groups.map((pieces) => pieces.find(({ name }) => names.includes(name)) ?? null)

/** What was found once, and is played first each time. */
const found: readonly { readonly pieces: readonly (Piece | null)[]; readonly changes: readonly Change[] }[] = [
  // Its packets had an uplink's mark from the second on, and took main's route to the server, by the other uplink.
  { pieces: named('fixed_nat', 'a client by wan1, late', 'a server by wan2'), changes: [] },
  // Likewise by a tunnel that main prefers for half of the internet.
  { pieces: named('fixed_nat', 'a client by wan1, late', 'half of all by the tunnel'), changes: [] },
]

/** The lines that no probe is answered by. */
const offline = new Set<number>()

const play = await scenario(import.meta, async (choices: number, seed: number, shrink: boolean) => {
  const flows = startFlows()
  await makeWorld()
  await flows.serve(namespaces, servicePort)
  const { tryAll, expectAlive, expectNew } = expectationsOf(flows)
  const blank = await everything()
  let tried = 0

  const report = await fc.check(
    fc.asyncProperty(choice, async ({ pieces, changes }) => {
      const chosen = pieces.filter((piece) => piece !== null)
      await harm(chosen, changes).finally(() => clear(chosen))
      const left = difference(blank, await everything())
      if (left.length > 0) throw new Error(`the world does not come back:\n${left.join('\n')}`)
    }),
    { numRuns: choices, seed, endOnFailure: !shrink, examples: found.map((one) => [one]) },
  )
  flows.end()
  return {
    runs: report.numRuns,
    flows: tried,
    failure: report.failed ? `${fc.defaultReportMessage(report)}\n${report.errorInstance}` : null,
  }

  async function harm(chosen: readonly Piece[], changes: readonly Change[]): Promise<void> {
    // Given a router, and what works on it.
    for (const piece of chosen) for (const line of piece.up) await shell(line)
    const foreign = await everything()
    const before = await tryAll()
    const working = new Map([...before].filter(([, { fate }]) => fate.where !== null))
    tried += working.size
    const rerouted = reroutedOf(working, chosen)
    const free = await freeOf(working, rerouted)

    // When we come, it goes on, and works anew.
    let config = plain
    await settle(config)
    const kept = new Set(working.keys())
    await expectAlive(kept, before, 'the installation')
    await expectNew('installed', before, free)

    for (const [index, change] of changes.entries()) {
      const what = `${index} ${JSON.stringify(change)}`
      if (change.kind === 'configure') {
        // When we are configured otherwise, too.
        config = configs[change.config] ?? plain
        await settle(config)
        await expectAlive(kept, before, what)
        await expectNew(what, before, free)
      }
      if (change.kind !== 'configure') {
        // When a line is lost, all that does not need it, and when it is back, all.
        const set = change.kind === 'carrier' ? setCarrierTo : setVerdict
        await set(change.isp, false)
        await settle(config)
        const dead = `isp${change.isp}`
        for (const id of kept) if (rerouted.has(id) || linesOf(before.get(id)).includes(dead)) kept.delete(id)
        await expectAlive(kept, before, `${what} lost`)
        // Where the link is as ever, others' routes still lead there those that are routed twice.
        const told = [...before].filter(([id]) => change.kind === 'carrier' || !rerouted.has(id))
        await expectNew(`${what} lost`, new Map(told), free, new Set([dead]))
        await set(change.isp, true)
        await settle(config)
        await expectAlive(kept, before, `${what} back`)
        await expectNew(`${what} back`, before, free)
      }
    }

    // When we go, all is others' as it was, and with nobody's connections remembered, as if we had never been.
    await takeDown(config)
    const changed = difference(foreign, await everything())
    if (changed.length > 0) throw new Error(`not as before us:\n${changed.join('\n')}`)
    await flows.close([...before.keys()])
    await run('/usr/sbin/conntrack', ['-F'])
    await expectNew('removed', before, new Set())
  }
})

/**
 * Flows whose packets are routed twice: the first time by their mark, which gives them an address, then without it. Which rule meant
 * what, nobody can tell; and they need the line of that address as well, as a dead one's leads nowhere.
 */
function reroutedOf(working: Flows, chosen: readonly Piece[]): ReadonlySet<string> {
  const losesMark = chosen.some(({ up }) => up.join().includes('meta mark set ct mark'))
  const some = [...working.values()].filter(
    ({ flow, fate }) => flow.mark !== undefined && /^isp/.test(fate.where ?? ''),
  )
  return new Set(losesMark ? some.map(({ flow }) => flow.id) : [])
}

/** Flows that we may spread: main's default decides, and it is an uplink's. */
async function freeOf(working: Flows, rerouted: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const free = new Set(rerouted)
  for (const { flow } of working.values()) if (await isLeftToMain(flow)) free.add(flow.id)
  return free
}

async function clear(chosen: readonly Piece[]): Promise<void> {
  for (const isp of [1, 2] as const) if (offline.has(isp)) await setVerdict(isp, true)
  await takeDown(plain)
  // Also what a choice that failed has put up in part.
  for (const piece of chosen.toReversed()) for (const line of piece.down) await shell(line).catch(() => undefined)
  await run('/usr/sbin/conntrack', ['-F'])
}

function setCarrierTo(isp: 1 | 2, isThere: boolean): Promise<void> {
  return setCarrier(isp, isThere ? 'up' : 'down')
}

async function setVerdict(isp: 1 | 2, isAlive: boolean): Promise<void> {
  await setDark(isp, !isAlive)
  if (isAlive) offline.delete(isp)
  else offline.add(isp)
}

/** What the daemon would have found out. */
function judge(): void {
  const health = [1, 2].map((isp): readonly [string, Health[string]] => {
    const line = healthOf(offline.has(isp) ? 'offline' : 'online')
    return [`wan${isp}`, { inet: line, inet6: line }]
  })
  saveHealth(Object.fromEntries(health))
}

async function settle(config: Config): Promise<void> {
  // The daemon hears of it from nft's monitor.
  forgetForeignNat()
  judge()
  const { remaining, errors, forgotten } = await reconcile(config)
  await forgotten
  if (remaining.length > 0) throw new Error(`not done: ${errors.join('; ')}`)
}

async function shell(line: string): Promise<void> {
  await run('/bin/sh', ['-c', line])
}

const choices = Number(process.env['CHOICES'] ?? 8)
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)

test(
  `${choices} random routers of others' making: what worked without us works with us, and after us (seed ${seed})`,
  async () => {
    const timeoutMs = hangsMs + choices * 60_000
    const { runs, flows, failure } = await play({ timeoutMs }, choices, seed, Boolean(process.env['SHRINK']))
    expect(failure, `seed ${seed}`).toBeNull()
    expect(runs).toBe(choices)
    expect(flows).toBeGreaterThan(choices * 20)
  },
  hangsMs + choices * 60_000 + 30_000,
)
