/** A look at a host with many devices: what was read of each stays known, whether it was something or nothing. */
import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { readHardware } from '../../src/kernel/devices/hardware.ts'
import { observe } from '../../src/reconcile/observe/observe.ts'
import { configOf } from '../config-of.ts'
import { run } from '../lab/run.ts'
import { scenario } from './namespace.ts'
import { linksSettled, twoUplinks } from './world.ts'

/** Ends of cables, as containers have them: their addresses are made up at random. */
const cables = 300

const play = await scenario(import.meta, async () => {
  await twoUplinks()
  const lines = Array.from({ length: cables }, (_, i) => [
    `link add many${i} type veth peer name inner${i}`,
    `link set many${i} up`,
    `address add 172.20.${i >> 8}.${i & 255}/32 dev many${i}`,
  ])
  await run('/usr/sbin/ip', ['-batch', '-'], { input: `${lines.flat().join('\n')}\n` })
  await linksSettled()
  const { links } = await observe(configOf(''), { ruleset: false })
  const ends = links.filter(({ name }) => name.startsWith('many'))
  const addresses = ends.map(({ name }) => readFileSync(`/sys/class/net/${name}/address`, 'utf8').trim())
  const readsFor = (addressOf: (index: number) => string) => {
    const before = reads()
    for (const [index, end] of ends.entries()) readHardware(end, addressOf(index))
    return reads() - before
  }
  return {
    ends: ends.length,
    known: readsFor((index) => addresses[index] ?? ''),
    changed: readsFor((index) => addresses[(index + 1) % ends.length] ?? ''),
  }
})

/** Calls of read(2) and the like by this very thread: others of the process read when they like. */
function reads(): number {
  return Number(/^syscr: (\d+)/m.exec(readFileSync('/proc/thread-self/io', 'utf8'))?.[1])
}

let played: Awaited<ReturnType<typeof play>>

beforeAll(async () => {
  played = await play({})
})

test('nothing more is read of devices that a look has found, unless another is there by that name', () => {
  const { ends, known, changed } = played
  expect(ends).toBe(cables)
  // What the two readings of the counter itself take, and not one read for each device.
  expect(known).toBeLessThan(10)
  // ifindex, address and addr_assign_type of each, the last two bytes of nothing included.
  expect(changed).toBeGreaterThanOrEqual(3 * cables)
})
