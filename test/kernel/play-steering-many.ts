/** Many rules, and large ones; and how many clients a change moves, in each mode. Prints JSON. */

import { reconcile, survey } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import type { Packet } from '../lab/programs/send.ts'
import { run } from '../lab/run.ts'
import { makeSteeringWorld, whereTo } from './steering-world.ts'
import { ip } from './world.ts'

function config(balance: string, rules: string, weights: readonly number[] = [1, 1, 1]) {
  const uplinks = ['a', 'b', 'c'].map(
    (name, at) => `[uplink ${name}]\ninterface = wan${at + 1}\nweight = ${weights[at]}\n`,
  )
  return configOf(`[balance]\nprobe = none\n${balance}\n${uplinks.join('')}${rules}`)
}

async function load(...args: Parameters<typeof config>) {
  const start = performance.now()
  const loaded = config(...args)
  const { remaining, errors, desired } = await reconcile(loaded)
  const loadMs = performance.now() - start
  if (remaining.length > 0) throw new Error(`not loaded: ${errors.join('; ')}`)
  const again = performance.now()
  await reconcile(loaded)
  const idleMs = performance.now() - again
  const { steps } = await survey(loaded)
  if (steps.length > 0) throw new Error('the listing is not what was loaded')
  const lines = (desired.ruleset?.chains ?? []).flatMap(({ rules }) => rules).length
  return { loadMs, idleMs, lines }
}

await makeSteeringWorld()

const disjoint = (count: number) =>
  Array.from({ length: count }, (_, at) => {
    const address = `192.168.77.${2 + (at % 40)}, fd00:77::${(2 + (at % 40)).toString(16)}`
    return `[rule r${at}]\nsource = ${address}\nprotocol = tcp\nport = ${1000 + at}-${1000 + at}\nuplinks = ${'abc'[at % 3]}\n`
  }).join('')
const ten = await load('', disjoint(10))
const thousand = await load('', disjoint(1000))
const every = (prefix: string) =>
  Array.from({ length: 256 }, (_, at) => `${prefix}.${at >> 7}.${(at & 127) * 2}`).join(' ')
const largest = await load('', `[rule x]\nsource = ${every('10.20')}\ndestination = ${every('10.30')}\nuplinks = a\n`)
const codePoints = Array.from(
  { length: 64 },
  (_, at) => `[rule r${at}]\ndscp = ${at}\nport = ${2000 + at}\nuplinks = a\n`,
)
const oneCodePointEach = await load('', codePoints.join(''))

// ---- who moves -----------------------------------------------------------------------------------------------------

let sourcePort = 10_000
const clients = 40
const hosts = 10

/** Each client asks each host, from the same port each time. */
async function where(first: number): Promise<readonly (number | null)[]> {
  const packets: Packet[] = Array.from({ length: clients * hosts }, (_, at) => ({
    ...{ protocol: 'udp', from: `192.168.77.${2 + (at % clients)}`, to: `203.0.113.${1 + Math.floor(at / clients)}` },
    ...{ sourcePort: first + at, port: 9 },
  }))
  // New connections every time.
  await run('/usr/sbin/conntrack', ['-F'])
  return whereTo(packets, 'lan')
}

const moves: Record<string, Record<string, number>> = {}
for (const mode of ['connection', 'flow', 'source']) {
  for (const kind of ['kernel', 'rule']) {
    const weigh = (weights: readonly number[]) =>
      kind === 'kernel'
        ? load(`mode = ${mode}`, '', weights)
        : load('mode = failover', `[rule x]\nprotocol = udp\nuplinks = a b c\nmode = ${mode}\n`, weights)
    const port = sourcePort
    sourcePort += clients * hosts
    await weigh([1, 1, 1])
    const before = await where(port)
    await ip('-n', 'isp1', 'link', 'set', 'far', 'down')
    await weigh([1, 1, 1])
    const during = await where(port)
    await ip('-n', 'isp1', 'link', 'set', 'far', 'up')
    await ip('-n', 'isp1', 'address', 'replace', 'fe80::1/64', 'dev', 'far', 'nodad')
    await weigh([1, 1, 1])
    const after = await where(port)
    await weigh([1, 2, 1])
    const heavier = await where(port)
    const moved = (one: typeof before, other: typeof before) =>
      one.filter((uplink, at) => uplink !== other[at]).length / one.length
    const had = before.filter((uplink) => uplink === 1).length / before.length
    moves[`${mode}, ${kind}`] = {
      ...{ had, failed: moved(before, during), returned: moved(during, after), notAsBefore: moved(before, after) },
      weight: moved(after, heavier),
    }
  }
}

process.stdout.write(JSON.stringify({ ten, thousand, largest, oneCodePointEach, moves }))
