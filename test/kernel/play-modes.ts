/** Which uplinks 30 connections between the same two hosts take, by mode, for the LAN and the host itself. Prints JSON. */
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import { makeSteeringWorld, whereTo } from './steering-world.ts'

const uplinks = [1, 2, 3].map((i) => `[uplink wan${i}]\n`).join('')

await makeSteeringWorld()
let sourcePort = 20_000
const used: Record<string, number> = {}
for (const mode of ['connection', 'flow', 'source', 'failover', 'random']) {
  const { remaining, errors } = await reconcile(configOf(`[balance]\nprobe = none\nmode = ${mode}\n${uplinks}`))
  if (remaining.length > 0) throw new Error(`not loaded: ${errors.join('; ')}`)
  for (const side of ['lan', 'host'] as const)
    for (const [from, ...servers] of [
      ['192.168.77.5', '203.0.113.1', ...others('203.0.113.')],
      ['fd00:77::5', '2001:db8:cafe::1', ...others('2001:db8:cafe::')],
    ] as const) {
      const packet = (to: string, index: number) => ({
        ...{
          protocol: index % 2 === 0 ? ('tcp' as const) : ('udp' as const),
          to,
          sourcePort: sourcePort++,
          port: 1000,
        },
        ...(side === 'lan' ? { from } : {}),
      })
      const family = from.includes(':') ? 'IPv6' : 'IPv4'
      const [server] = servers
      used[`${mode} ${side} ${family}, one server`] = await count(Array<string>(30).fill(server).map(packet), side)
      used[`${mode} ${side} ${family}, many`] = await count(servers.map(packet), side)
    }
}
process.stdout.write(JSON.stringify(used))

function others(prefix: string): readonly string[] {
  return Array.from({ length: 29 }, (_, index) => `${prefix}${index + 10}`)
}

async function count(packets: Parameters<typeof whereTo>[0], side: 'lan' | 'host'): Promise<number> {
  const went = await whereTo(packets, side)
  if (went.includes(null)) throw new Error('not all of them arrived')
  return new Set(went).size
}
