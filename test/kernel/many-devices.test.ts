/** A look at a host with many devices: what was read of each stays known, whether it was something or nothing. */
import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
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
  const look = async () => {
    const before = reads()
    const { links } = await observe(configOf(''), { ruleset: false })
    return { links: links.length, reads: reads() - before }
  }
  return { first: await look(), second: await look() }
})

/** Calls of read(2) and the like by this process alone. */
function reads(): number {
  return Number(/^syscr: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

let played: Awaited<ReturnType<typeof play>>

beforeAll(async () => {
  played = await play({})
})

test('the second look reads nothing more of devices that it knows', () => {
  const { first, second } = played
  expect(second.links).toBe(first.links)
  // ifindex, address and addr_assign_type of each were read, the last two bytes of nothing included.
  expect(first.reads - second.reads).toBeGreaterThan(3 * cables)
})
