/** Many rules, and large ones; and how many clients a change moves, in each mode. */
import { beforeAll, expect, test } from 'vitest'
import { reconcile, survey } from '../../src/reconcile/reconcile.ts'
import { record } from '../lab/measurements.ts'
import type { Packet } from '../lab/programs/send.ts'
import { run } from '../lab/run.ts'
import { scenario } from './namespace.ts'
import { load, makeSteeringWorld, setCarrier, type Wished, whereTo, wishes } from './steering-world.ts'

/** Parts of all flows: on the uplink that fails, and those that are elsewhere after each change. */
type Moves = Readonly<Record<'had' | 'failed' | 'returned' | 'notAsBefore' | 'weight', number>>

const disjoint = (count: number) =>
  Array.from({ length: count }, (_, at) => {
    const address = `192.168.77.${2 + (at % 40)}, fd00:77::${(2 + (at % 40)).toString(16)}`
    return `[rule r${at}]\nsource = ${address}\nprotocol = tcp\nport = ${1000 + at}-${1000 + at}\nuplinks = ${'abc'[at % 3]}\n`
  }).join('')

/** Half as many combinations as a rule may have: a slow and busy machine takes as long for those as nft is given to list a table. */
const every = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${prefix}.${at >> 7}.${(at & 127) * 2}`).join(' ')
const codePoints = Array.from(
  { length: 64 },
  (_, at) => `[rule r${at}]\ndscp = ${at}\nport = ${2000 + at}\nuplinks = a\n`,
)

const clients = 40
const hosts = 10

const play = await scenario(import.meta, async () => {
  await makeSteeringWorld()

  const ten = await measure('', disjoint(10))
  const thousand = await measure('', disjoint(1000))
  const largest = await measure(
    '',
    `[rule x]\nsource = ${every('10.20', 256)}\ndestination = ${every('10.30', 128)}\nuplinks = a\n`,
  )
  const oneCodePointEach = await measure('', codePoints.join(''))

  let sourcePort = 10_000

  const moves: Record<string, Moves> = {}
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
      await setCarrier(1, 'down')
      await weigh([1, 1, 1])
      const during = await where(port)
      await setCarrier(1, 'up')
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

  return { ten, thousand, largest, oneCodePointEach, moves }
})

/** How long it takes, and how many lines there are then for packets that no rule is for. */
async function measure(...wished: Wished) {
  const start = performance.now()
  const loaded = wishes(...wished)
  const { remaining, errors, desired } = await reconcile(loaded)
  const loadMs = performance.now() - start
  if (remaining.length > 0) throw new Error(`not loaded: ${errors.join('; ')}`)
  const again = performance.now()
  await reconcile(loaded)
  const idleMs = performance.now() - again
  const { steps } = await survey(loaded)
  if (steps.length > 0) throw new Error('the listing is not what was loaded')
  const others = (desired.ruleset?.chains ?? []).filter(({ name }) => !name.startsWith('hits_'))
  const lines = others.flatMap(({ rules }) => rules).length
  return { loadMs, idleMs, lines }
}

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

let played: Awaited<ReturnType<typeof play>>

beforeAll(async () => {
  played = await play({})
})

const note = (name: string, value: number, unit: string, limit: number | null = null) =>
  record({ name, value, unit, limit, release: 'namespace', stack: 'rules' })

test('R4: a packet meets as many lines with 1,000 disjoint rules as with 10, and a look takes little more time', () => {
  const { ten, thousand } = played
  expect(thousand.lines).toBe(ten.lines)
  note('loading 10 rules', ten.loadMs, 'ms')
  note('loading 1,000 rules', thousand.loadMs, 'ms')
  note('a look with nothing to change, 10 rules', ten.idleMs, 'ms')
  note('a look with nothing to change, 1,000 rules', thousand.idleMs, 'ms', 1000)
})

test('a rule of 32,768 combinations is loaded; each code point is listed as it was written', () => {
  note('loading a rule of 32,768 combinations', played.largest.loadMs, 'ms')
  expect(played.oneCodePointEach.lines).toBeGreaterThan(4 * 64)
})

test.each(['connection', 'flow', 'source'])('mode %s: what a failing uplink and its return move', (mode) => {
  const [whole, rule] = [played.moves[`${mode}, kernel`], played.moves[`${mode}, rule`]]
  if (!whole || !rule) throw new Error('not measured')
  for (const [by, { had, failed, weight }] of [
    // Where the whole host has that mode, the kernel's own hash spreads connections, and rules all others.
    [mode === 'connection' ? 'the kernel' : 'the mode of everything', whole],
    ['a rule', rule],
  ] as const) {
    note(`mode ${mode} by ${by}: on the first of three uplinks`, 100 * had, '% of flows')
    note(`mode ${mode} by ${by}: moved when it fails`, 100 * failed, '% of flows')
    note(`mode ${mode} by ${by}: moved when another gets twice the weight`, 100 * weight, '% of flows')
  }
  // Both find everyone's former uplink again; a rule moves none but those of the dead one.
  expect(whole.notAsBefore).toBe(0)
  if (mode !== 'connection') expect(whole.failed).toBe(whole.had)
  expect(rule.notAsBefore).toBe(0)
  expect(rule.had).toBeGreaterThan(0)
  expect(rule.failed).toBe(rule.had)
})
