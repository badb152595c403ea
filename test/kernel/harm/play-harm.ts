/**
 * What harm ifbalance does to a router that others have configured: for each random choice of others' rulesets, rules and routes,
 * flows are tried without us, after we came, after changes of our configuration and of the lines, and after we went. Arguments:
 * how many choices, the seed, and `shrink` where a choice that fails is to be made as small as it gets. Prints one JSON object.
 */
import fc from 'fast-check'
import { forgetForeignNat } from '../../../src/kernel/foreign-nat/foreign-nat.ts'
import type { Config } from '../../../src/model/config.ts'
import { reconcile, takeDown } from '../../../src/reconcile/reconcile.ts'
import { configOf } from '../../config-of.ts'
import { run } from '../../lab/run.ts'
import { difference } from '../kernel-state.ts'
import { allFlows, clientOf, deviceOf } from './all-flows.ts'
import { type Fate, type Flow, startFlows } from './flows.ts'
import { groups, type Piece } from './foreign.ts'
import { makeWorld, namespaces, servicePort, setCarrier } from './world.ts'

const [choices = 20, seed = Date.now() | 0] = process.argv.slice(2).map(Number)

/** What worked is given so long to work again; what never did, the shorter time. */
const generousSeconds = 8
const shortSeconds = 0.5

const configs: readonly Config[] = [
  configOf(''),
  configOf('[uplink wan2]\ninterface = wan2\nweight = 3\n'),
  configOf('[balance]\nmode = flow\n'),
  configOf('[uplink wan2]\ninterface = wan2\nstandby = yes\n'),
  configOf(
    '[rule lan]\nsource = 192.168.77.0/24\nuplinks = wan2\n[uplink wan1]\ninterface = wan1\n[uplink wan2]\ninterface = wan2\n',
  ),
]

type Change =
  | { readonly kind: 'configure'; readonly config: number }
  | { readonly kind: 'carrier'; readonly isp: 1 | 2 }

const choice = fc.record({
  pieces: fc.tuple(...groups.map((pieces) => fc.option(fc.constantFrom(...pieces), { nil: null }))),
  changes: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('configure' as const), config: fc.nat(configs.length - 1) }),
      fc.record({ kind: fc.constant('carrier' as const), isp: fc.constantFrom(1 as const, 2 as const) }),
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

const flows = startFlows()
let tried = 0
await makeWorld()
await flows.serve(namespaces, servicePort)
const blank = await everything()

const report = await fc.check(
  fc.asyncProperty(choice, async ({ pieces, changes }) => {
    const chosen = pieces.filter((piece) => piece !== null)
    await play(chosen, changes).finally(() => clear(chosen))
    const left = difference(blank, await everything())
    if (left.length > 0) throw new Error(`the world does not come back:\n${left.join('\n')}`)
  }),
  { numRuns: choices, seed, endOnFailure: process.argv[4] !== 'shrink', examples: found.map((one) => [one]) },
)
flows.end()
process.stdout.write(
  JSON.stringify({
    seed,
    runs: report.numRuns,
    flows: tried,
    failure: report.failed ? `${fc.defaultReportMessage(report)}\n${report.errorInstance}` : null,
  }),
)
process.exit(0)

async function clear(chosen: readonly Piece[]): Promise<void> {
  await takeDown(configOf(''))
  // Also what a choice that failed has put up in part.
  for (const piece of chosen.toReversed()) for (const line of piece.down) await shell(line).catch(() => undefined)
  await run('/usr/sbin/conntrack', ['-F'])
}

async function play(chosen: readonly Piece[], changes: readonly Change[]): Promise<void> {
  for (const piece of chosen) for (const line of piece.up) await shell(line)
  const foreign = await everything()
  const before = await open('before', shortSeconds)
  const working = [...before.values()].filter(({ fate }) => fate.where !== null)
  tried += working.length
  const free = new Set<string>()
  // Such a packet is routed twice, and its address is of the first time: which rule meant what, nobody can tell.
  const losesMark = chosen.some(({ up }) => up.join().includes('meta mark set ct mark'))
  for (const { flow, fate } of working) {
    const isRerouted = losesMark && flow.mark !== undefined && /^isp/.test(fate.where ?? '')
    if (isRerouted || (await isLeftToMain(flow))) free.add(flow.id)
  }

  let config = configs[0] as Config
  await settle(config)
  const kept = new Set(working.map(({ flow }) => flow.id))
  await expectAlive(kept, before, 'the installation')
  await expectNew('installed', before, free, new Set())

  for (const [index, change] of changes.entries()) {
    const what = `${index} ${JSON.stringify(change)}`
    if (change.kind === 'configure') {
      config = configs[change.config] as Config
      await settle(config)
      await expectAlive(kept, before, what)
      await expectNew(what, before, free, new Set())
    }
    if (change.kind === 'carrier') {
      await setCarrier(change.isp, 'down')
      await settle(config)
      const dead = `isp${change.isp}`
      for (const id of kept) if (linesOf(before.get(id)).includes(dead)) kept.delete(id)
      await expectAlive(kept, before, `${what} lost`)
      await expectNew(`${what} lost`, before, free, new Set([dead]))
      await setCarrier(change.isp, 'up')
      await settle(config)
      await expectAlive(kept, before, `${what} back`)
      await expectNew(`${what} back`, before, free, new Set())
    }
  }
  await takeDown(config)
  const changed = difference(foreign, await everything())
  if (changed.length > 0) throw new Error(`not as before us:\n${changed.join('\n')}`)
  await flows.close([...before.keys()])
  // With nobody's connections remembered, all is as if we had never been.
  await run('/usr/sbin/conntrack', ['-F'])
  await expectNew('removed', before, new Set(), new Set())
}

interface Tried {
  readonly flow: Flow
  readonly fate: Fate
}

/** The lines that it needs: where it was answered, or came from. */
function linesOf(one: Tried | undefined): readonly string[] {
  return one ? [one.fate.where ?? '', one.flow.namespace, ownLine(one) ?? ''] : []
}

/** By the name of the flow. They stay open. */
async function open(when: string, seconds: number, only?: ReadonlySet<string>): Promise<ReadonlyMap<string, Tried>> {
  const wanted = allFlows.filter(({ id }) => only?.has(id) ?? true)
  const named = wanted.map((flow) => ({ ...flow, id: `${flow.id} ${when}`.replaceAll('.', '_') }))
  const fates = await flows.open(named, seconds)
  return new Map(
    fates.map((fate, index) => [fate.id, { flow: { ...(wanted[index] as Flow), id: fate.id }, fate }] as const),
  )
}

/** What worked before works now: free flows by any provider whose line lives, all others just as before. */
async function expectNew(
  when: string,
  before: ReadonlyMap<string, Tried>,
  free: ReadonlySet<string>,
  dead: ReadonlySet<string>,
): Promise<void> {
  const former = new Map([...before.values()].map((one) => [one.flow.id.replace(/ before$/, ''), one]))
  const expected = allFlows.filter(({ id }) => {
    const one = former.get(id.replaceAll('.', '_'))
    if (!one || one.fate.where === null) return false
    // One provider routes the dmz's addresses here, and no other takes them.
    const isFree = free.has(one.flow.id) && one.flow.namespace !== 'dmz'
    return isFree || !linesOf(one).some((line) => dead.has(line))
  })
  const now = await open(when, generousSeconds, new Set(expected.map(({ id }) => id)))
  const wrong = [...now.values()].flatMap(({ flow, fate }) => {
    const one = former.get(flow.id.slice(0, -when.replaceAll('.', '_').length - 1))
    if (!one) throw new Error(`no flow ${flow.id}`)
    const isFree = free.has(one.flow.id)
    const told = `${flow.id}: ${JSON.stringify(fate)}, before ${JSON.stringify(one.fate)}`
    if (fate.where === null) return [told]
    if (fate.where === ownLine(one)) return []
    if (isFree && (fate.where !== one.fate.where || dead.size > 0))
      return /^isp[12]$/.test(fate.where) && !dead.has(fate.where) ? [] : [told]
    // What the kernel takes for a source may be the address of the line that is dead.
    return fate.where === one.fate.where && (dead.size > 0 || fate.peer === one.fate.peer) ? [] : [told]
  })
  await flows.close([...now.keys()])
  if (wrong.length > 0) throw new Error(`${when}:\n${wrong.join('\n')}\n${await state()}`)
}

/** This host's own socket that has an uplink's device or address stays on that uplink, whatever main would have done. */
function ownLine({ flow: { namespace, device, source }, fate }: Tried): string | null {
  const bound = namespace === 'host' ? (device ?? source ?? fate.peer ?? '') : ''
  const [, line] = /^(?:wan|10\.|2001:db8:)([12])(?:$|\.|::)/.exec(bound) ?? []
  return line === undefined ? null : `isp${line}`
}

async function expectAlive(ids: ReadonlySet<string>, before: ReadonlyMap<string, Tried>, when: string): Promise<void> {
  const fates = await flows.ask([...ids], generousSeconds)
  const wrong = fates.filter(({ id, where, peer }) => {
    const first = before.get(id)
    // Without a connection, the kernel chooses anew for each datagram.
    if (first?.flow.unconnected) return where === null
    // With an uplink's address by another way: main alone had led it there, and now its uplink does.
    const own = first ? ownLine(first) : null
    if (own !== null && first?.fate.where !== own) return false
    return where !== first?.fate.where || peer !== first?.fate.peer
  })
  if (wrong.length > 0) {
    const told = wrong.map((fate) => `${JSON.stringify(fate)}, before ${JSON.stringify(before.get(fate.id)?.fate)}`)
    throw new Error(`open before ${when}, and not as it was after:\n${told.join('\n')}\n${await state()}`)
  }
}

/** Without us, main's default decides, and it is an uplink's: this is what we may spread. */
async function isLeftToMain(flow: Flow): Promise<boolean> {
  const { namespace, family, destination, device, source, mark } = flow
  if (device !== undefined || (source !== undefined && namespace === 'host')) return false
  if (namespace.startsWith('isp')) return false
  const from = namespace === 'host' ? [] : ['from', source ?? clientOf(namespace, family), 'iif', deviceOf(namespace)]
  const marked = mark === undefined ? [] : ['mark', String(mark)]
  const args = [family === 'inet' ? '-4' : '-6', 'route', 'get', 'fibmatch', destination, ...from, ...marked]
  const { stdout, exitCode } = await run('/usr/sbin/ip', args, { accept: [0, 2] })
  return exitCode === 0 && /^default .*dev wan[12] /.test(stdout) && !stdout.includes(' table ')
}

async function settle(config: Config): Promise<void> {
  // The daemon hears of it from nft's monitor.
  forgetForeignNat()
  const { remaining, errors, forgotten } = await reconcile(config)
  await forgotten
  if (remaining.length > 0) throw new Error(`not done: ${errors.join('; ')}`)
}

async function shell(line: string): Promise<void> {
  await run('/bin/sh', ['-c', line])
}

/** Rules, routes, rulesets, addresses and sysctls of the host, without what changes by itself. */
async function everything(): Promise<readonly string[]> {
  const sysctls =
    'rp_filter|ignore_routes_with_linkdown|fib_multipath_hash_policy|fib_multipath_hash_fields|src_valid_mark'
  const commands = [
    'ip -4 -d rule',
    'ip -6 -d rule',
    'ip -4 -d route show table all',
    'ip -6 -d route show table all',
    'ip -o addr',
    'nft -s list ruleset',
    `sysctl -a -r '\\.(${sysctls})$' 2>/dev/null`,
  ]
  const { stdout } = await run('/bin/sh', ['-c', commands.join('; ')])
  return stdout.split('\n').map((line) => line.replace(/ (expires|linkdown)( \d+sec)?/g, '').trim())
}

async function state(): Promise<string> {
  const commands = [
    'ip -4 rule',
    'ip -4 route show table all proto 98',
    'ip -6 route show table all proto 98',
    'nft -s list table inet ifbalance',
    'conntrack -L 2>/dev/null | head -n 40',
  ]
  return (await run('/bin/sh', ['-c', commands.join('; ')], { accept: [0, 1] })).stdout
}
