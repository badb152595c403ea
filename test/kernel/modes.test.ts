/** Which uplinks 30 connections between the same two hosts take, by mode, for the LAN and the host itself. */
import { expect, test } from 'vitest'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import { scenario } from './namespace.ts'
import { makeSteeringWorld, whereTo } from './steering-world.ts'

const clients = [
  ['IPv4', '192.168.77.5', '203.0.113.'],
  ['IPv6', 'fd00:77::5', '2001:db8:cafe::'],
] as const

const play = await scenario(import.meta, async () => {
  await makeSteeringWorld()
  const uplinks = [1, 2, 3].map((i) => `[uplink wan${i}]\n`).join('')
  let sourcePort = 20_000
  const used: Record<string, number> = {}

  for (const mode of ['connection', 'flow', 'source', 'failover', 'random']) {
    const { remaining, errors } = await reconcile(configOf(`[balance]\nprobe = none\nmode = ${mode}\n${uplinks}`))
    if (remaining.length > 0) throw new Error(`not loaded: ${errors.join('; ')}`)
    for (const side of ['lan', 'host'] as const)
      for (const [family, from, prefix] of clients) {
        const packet = (to: string, index: number) => ({
          ...{ protocol: index % 2 === 0 ? ('tcp' as const) : ('udp' as const), to },
          ...{ sourcePort: sourcePort++, port: 1000, ...(side === 'lan' ? { from } : {}) },
        })
        const one = Array.from({ length: 30 }, () => `${prefix}1`)
        const many = Array.from({ length: 30 }, (_, index) => `${prefix}${index + 10}`)
        used[`${mode} ${side} ${family}, one server`] = await uplinksUsed(one.map(packet), side)
        used[`${mode} ${side} ${family}, many`] = await uplinksUsed(many.map(packet), side)
      }
  }
  return used
})

async function uplinksUsed(packets: Parameters<typeof whereTo>[0], side: 'lan' | 'host'): Promise<number> {
  const went = await whereTo(packets, side)
  if (went.includes(null)) throw new Error('not all of them arrived')
  return new Set(went).size
}

test('how many of three uplinks a client uses for one server, and for many, in each mode', async () => {
  const expected = (mode: string, oneServer: number, many: number) =>
    ['lan', 'host'].flatMap((side) =>
      ['IPv4', 'IPv6'].flatMap((family) => [
        [`${mode} ${side} ${family}, one server`, oneServer],
        [`${mode} ${side} ${family}, many`, many],
      ]),
    )
  expect(await play({})).toEqual(
    Object.fromEntries([
      ...expected('connection', 3, 3),
      ...expected('flow', 1, 3),
      ...expected('source', 1, 1),
      ...expected('failover', 1, 1),
      ...expected('random', 3, 3),
    ]),
  )
})
