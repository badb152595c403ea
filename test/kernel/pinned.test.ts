/** Where packets go whose connection is on an uplink already: they have its mark. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { maxUplinks } from '../../src/layout.ts'
import { type Host, startHost } from './daemon-host.ts'
import { makeFarEnds } from './far-ends.ts'
import { changedSoon } from './transcript.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

const out = async (line: string) => (await host.run(line.split(' '))).stdout

async function ip(...lines: readonly string[]): Promise<void> {
  for (const line of lines) await host.run(['ip', ...line.split(' ')])
}

const onWan2 = 'ip route get 198.18.0.1 mark 0x42000000'

test('a route of others that comes later goes first, for as long as it is there', async () => {
  await ip('link add lan0 type bridge', 'address add 192.168.77.1/24 dev lan0', 'link set lan0 up')
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2'])
  expect(await out('ip rule')).not.toContain('20001:')
  expect(await out(onWan2)).toContain('via 10.2.0.1 dev wan2')
  expect(await out('ip route get 192.168.77.9 mark 0x42000000')).toContain('dev lan0')
  for (const [route, way] of [
    ['198.18.0.0/15 via 192.168.77.2', 'via 192.168.77.2 dev lan0'],
    ['198.18.0.0/15 dev lan0', 'dev lan0'],
    ['198.18.0.0/15 via 10.2.0.9', 'via 10.2.0.9 dev wan2'],
  ]) {
    await ip(`route add ${route}`)
    seen = await daemon.tells(changedSoon, seen)
    expect(await out(onWan2)).toContain(way)
    await ip(`route del ${route}`)
    seen = await daemon.tells(changedSoon, seen)
    expect(await out(onWan2)).toContain('via 10.2.0.1 dev wan2')
  }
  // As networkd makes them for name servers: where the uplink leads anyway.
  await ip('route add 198.18.0.1 via 10.2.0.1 dev wan2')
  await host.ifbalance(['apply'])
  expect(await out('ip rule')).not.toContain('20001:')
  daemon.signal('SIGTERM')
  await daemon.ended
})

test("others' reverse path filter that looks at marks lets them pass", async () => {
  await makeFarEnds(host)
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  // As firewalld has it for IPv6.
  const filter = `table inet other {
  counter refused { }
  chain prerouting {
    type filter hook prerouting priority -140
    fib saddr . mark . iif oif missing counter name refused drop
  }
}
`
  await host.run(['nft', '-f', '-'], {}, { input: filter })
  // The second packet of each flow has the mark.
  const flows = 'for i in $(seq 10); do exec 3<>/dev/udp/203.0.113.1/$((2000 + i)); echo x >&3; echo y >&3; done'
  await host.run(['ip', 'netns', 'exec', 'lan', '/bin/bash', '-c', flows])
  expect(await out('nft list counter inet other refused')).toContain('packets 0 ')
  expect((await host.run(['conntrack', '-L', '-p', 'udp'])).stdout).toMatch(/mark=1[01]\d{8}/)
  daemon.signal('SIGTERM')
  await daemon.ended
})

test('each of as many uplinks as there can be has its own packets', async () => {
  const numbers = Array.from({ length: maxUplinks }, (_, index) => index + 1)
  const more = numbers
    .slice(2)
    .map((i) =>
      [
        `link add wan${i} type veth peer name isp${i}`,
        `address add 10.${i}.0.2/24 dev wan${i}`,
        ...[`link set wan${i} up`, `link set isp${i} up`],
        `route add default via 10.${i}.0.1 dev wan${i} metric ${100 + i}`,
      ].join('\n'),
    )
  await host.run(['ip', '-batch', '-'], {}, { input: `${more.join('\n')}\n` })
  await host.ifbalance(['apply'])
  const mark = (i: number) => `0x${((i << 24) | 0x40000000).toString(16)}`
  const questions = numbers.map((i) => `route get 203.0.113.1 mark ${mark(i)}\n`).join('')
  const { stdout } = await host.run(['ip', '-batch', '-'], {}, { input: questions })
  const tables = [...stdout.matchAll(/dev wan(\d+) table (\d+) /g)].map(([, device, table]) => [device, table])
  const devices = new Map(
    await Promise.all(
      numbers.map(async (i) => {
        const route = await out(`ip route show table ${30000 + i} default`)
        return [String(30000 + i), /via \S+ dev wan(\d+)/.exec(route)?.[1]] as const
      }),
    ),
  )
  expect(new Set(devices.values()).size).toBe(maxUplinks)
  expect(tables).toEqual(numbers.map((i) => [devices.get(String(30000 + i)), String(30000 + i)]))
  // Sockets with an uplink's address go by it, past the rules of others' addresses; its neighbour is asked of `main`.
  const bound = numbers.flatMap((i) => [
    `route get 203.0.113.1 from 10.${i}.0.2`,
    `route get 10.${(i % maxUplinks) + 1}.0.1 from 10.${i}.0.2`,
  ])
  const answers = (await host.run(['ip', '-batch', '-'], {}, { input: `${bound.join('\n')}\n` })).stdout
  const ways = [...answers.matchAll(/ dev (wan\d+) /g)].map(([, device]) => device)
  expect(ways).toEqual(numbers.flatMap((i) => [`wan${i}`, `wan${(i % maxUplinks) + 1}`]))
})
