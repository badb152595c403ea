/** What rules do with a connection: prints as JSON where packets of each went. */

import { reconcile } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import type { Packet } from '../lab/programs/send.ts'
import { type Result, run } from '../lab/run.ts'
import { lanHosts, makeSteeringWorld, whereTo } from './steering-world.ts'
import { ip } from './world.ts'

type Where = readonly (number | null)[]

function config(balance: string, rules: string, weights: readonly number[] = [1, 1, 1]) {
  const uplinks = ['a', 'b', 'c'].map(
    (name, at) => `[uplink ${name}]\ninterface = wan${at + 1}\nweight = ${weights[at]}\n`,
  )
  return configOf(`[balance]\nprobe = none\n${balance}\n${uplinks.join('')}${rules}`)
}

async function load(...args: Parameters<typeof config>): Promise<void> {
  const { remaining, errors } = await reconcile(config(...args))
  if (remaining.length > 0) throw new Error(`not loaded: ${errors.join('; ')}`)
}

let sourcePort = 10_000
const lan = (client: number, six: boolean) => (six ? `fd00:77::${client.toString(16)}` : `192.168.77.${client}`)
const far = (host: number, six: boolean) => (six ? `2001:db8:ffff::${host.toString(16)}` : `203.0.113.${host}`)

/** `count` first packets: of clients and to hosts that change as asked. */
function packets(
  from: 'lan' | 'host',
  count: number,
  { clients = lanHosts, hosts = 200, six = false }: { clients?: number; hosts?: number; six?: boolean },
): readonly Packet[] {
  return Array.from({ length: count }, (_, at) => ({
    ...{ protocol: 'udp' as const, to: far(1 + (at % hosts), six), sourcePort: sourcePort++, port: 1000 + (at % 7) },
    ...(from === 'lan' && { from: lan(2 + (at % clients), six) }),
  }))
}

const seen: Record<string, Record<string, Where>> = {}
async function see(what: string, count: number, spread: Parameters<typeof packets>[2] = {}): Promise<void> {
  const all: Record<string, Where> = {}
  for (const from of ['lan', 'host'] as const) {
    const both = [...packets(from, count, spread), ...packets(from, count, { ...spread, six: true })]
    const where = await whereTo(both, from)
    all[`${from} 4`] = where.slice(0, count)
    all[`${from} 6`] = where.slice(count)
  }
  seen[what] = all
}

async function carrier(uplink: number, state: 'up' | 'down'): Promise<void> {
  await ip('-n', `isp${uplink}`, 'link', 'set', 'far', state)
  if (state === 'up') await ip('-n', `isp${uplink}`, 'address', 'replace', 'fe80::1/64', 'dev', 'far', 'nodad')
}

await makeSteeringWorld()

// ---- shares and modes ----------------------------------------------------------------------------------------------

const failover = 'mode = failover'
await load(failover, '[rule x]\nprotocol = udp\nuplinks = a:1 b:2 c:5\n')
await see('connection', 400)
await load(failover, '[rule x]\nprotocol = udp\nuplinks = a:1 b:2 c:5\nmode = random\n')
await see('random', 400)
await load('mode = random', '', [1, 2, 5])
await see('random for everything', 400)
await load(failover, '[rule x]\nprotocol = udp\nuplinks = a b c\nmode = flow\n')
await see('flow', 200, { clients: 5, hosts: 4 })
await load(failover, '[rule x]\nprotocol = udp\nuplinks = a b c\nmode = source\n')
await see('source', 200, { clients: 10 })

// ---- order, none, last resort --------------------------------------------------------------------------------------

const order = '[rule x]\nprotocol = udp\nuplinks = c b\nmode = failover\n'
await load(failover, order)
await see('failover', 4)
await carrier(3, 'down')
await load(failover, order)
await see('failover, the first is dead', 4)
await carrier(2, 'down')
await load(failover, order)
await see('failover, both are dead: balance', 4)
await load(failover, `${order}last-resort = main\n`)
await see('last-resort main', 4)

/** What programs hear: bash names the error. */
const errors: Record<string, Record<string, readonly string[]>> = {}
const linesOf = ({ stdout }: Result) => stdout.trim().split('\n').sort()
const say = `for server in 203.0.113.9 2001:db8:ffff::9; do for kind in tcp udp; do
  (
    heard=$(timeout 3 bash -c "exec 3<>/dev/$kind/$server/9 && echo x >&3 && sleep 0.3 && echo x >&3" 2>&1 | head -n 1)
    echo "$kind $server \${heard##*: }"
  ) &
done; done; wait`
for (const resort of ['unreachable', 'prohibit', 'blackhole']) {
  await load(failover, `[rule x]\nprotocol = udp tcp\nuplinks = c b\nlast-resort = ${resort}\n`)
  await see(`last-resort ${resort}`, 2)
  const [host, client] = await Promise.all([
    run('/bin/bash', ['-c', say]),
    run('/usr/sbin/ip', ['netns', 'exec', 'lan', '/bin/bash', '-c', say]),
  ])
  errors[resort] = { host: linesOf(host), lan: linesOf(client) }
}
await carrier(3, 'up')
await carrier(2, 'up')
await load(failover, '[rule x]\nprotocol = udp\nuplinks = none\n[rule y]\nport = 1-65535\nuplinks = c\n')
await see('none', 4)

// ---- first match ---------------------------------------------------------------------------------------------------

const first = '[rule one]\nport = 1000-1002\nuplinks = b\n[rule two]\nport = 1002-1004\nuplinks = c\n'
await load(failover, first)
await see('first match', 7)

// ---- sticky --------------------------------------------------------------------------------------------------------

const sticky = (weights: string) => `[rule x]\nprotocol = udp\nuplinks = ${weights}\nmode = flow\nsticky = 1h\n`
await load(failover, sticky('a b c'))
await see('sticky', 80, { clients: 10, hosts: 4 })
await load(failover, sticky('a:1 b:200 c:1'))
await see('sticky, new weights', 80, { clients: 10, hosts: 4 })
await load(failover, sticky('a b c'))
await see('sticky, weights as before', 80, { clients: 10, hosts: 4 })
await carrier(2, 'down')
await load(failover, sticky('a b c'))
await see('sticky, the second is dead', 80, { clients: 10, hosts: 4 })
await carrier(2, 'up')
await load(failover, sticky('a b c'))
await see('sticky, the second is back', 80, { clients: 10, hosts: 4 })

// Two of them: while one is dead there is nothing to choose.
await load(failover, sticky('a b'))
await see('sticky, two', 40, { clients: 10, hosts: 4 })
await carrier(1, 'down')
await load(failover, sticky('a b'))
await see('sticky, two, the first is dead', 40, { clients: 10, hosts: 4 })
await carrier(1, 'up')
await load(failover, sticky('a b'))
await see('sticky, two, the first is back', 40, { clients: 10, hosts: 4 })

process.stdout.write(JSON.stringify({ seen, errors }))
