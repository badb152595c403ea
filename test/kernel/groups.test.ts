/** The host's multicast and broadcast that names no interface: by main's best default, as without us. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'
import { inside, makeProviders } from './providers.ts'

const isps = ['isp1', 'isp2'] as const
let host: Host

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  for (const isp of isps) await host.run(inside(isp, ['nft', counting]))
})
afterAll(() => host?.end())

const counting = `table inet groups {
  counter four { }
  counter six { }
  chain prerouting {
    type filter hook prerouting priority -300
    ip daddr { 224.0.0.251, 239.255.255.250, 255.255.255.255 } udp dport 4000 counter name four
    ip6 daddr { ff02::fb, ff05::c } udp dport 4000 counter name six
  }
}`

/** Forty datagrams to each, from a socket each; and one socket joins twenty groups. */
const program = `
const { createSocket } = require('dgram')
for (const to of ['224.0.0.251', '239.255.255.250', '255.255.255.255', 'ff02::fb', 'ff05::c'])
  for (let i = 0; i < 40; i++) {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4')
    socket.bind(0, () => { socket.setBroadcast(true); socket.send('x', 4000, to, () => socket.close()) })
  }
const member = createSocket('udp4')
member.bind(0, () => {
  for (let i = 1; i <= 20; i++) member.addMembership('239.7.7.' + i)
  const joined = require('fs').readFileSync('/proc/net/igmp', 'utf8').split(/\\n(?=\\d)/)
  const on = (name) => (joined.find((part) => part.includes(name)) ?? '').match(/0707EF/g)?.length ?? 0
  console.log(JSON.stringify([on('wan1'), on('wan2')]))
  member.close()
})
`

/** How many of either family arrived at each provider, and how many groups were joined on each uplink. */
async function reach() {
  const { stdout } = await host.run([process.execPath, '--input-type=commonjs', '--eval', program])
  const joined: readonly number[] = JSON.parse(stdout)
  await expect.poll(async () => sum(await arrived('list'))).toBe(200)
  return { joined, arrived: await arrived('reset') }
}

async function arrived(verb: 'list' | 'reset'): Promise<readonly (readonly number[])[]> {
  const answers = isps.map((isp) => host.run(inside(isp, ['nft', verb, 'counters', 'table', 'inet', 'groups'])))
  return (await Promise.all(answers)).map(({ stdout }) =>
    [...stdout.matchAll(/packets (\d+)/g)].map(([, packets]) => Number(packets)),
  )
}

function sum(counts: readonly (readonly number[])[]): number {
  return counts.flat().reduce((all, one) => all + one, 0)
}

test('they leave by the same interface as before, and are joined there', async () => {
  const before = await reach()
  expect(before).toEqual({
    joined: [20, 0],
    arrived: [
      [120, 80],
      [0, 0],
    ],
  })
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  expect(await reach()).toEqual(before)
  const { stdout } = await host.ifbalance(['explain', '--json', '239.255.255.250:1900', 'udp'])
  expect(JSON.parse(stdout)).toMatchObject({
    decision: 'left to table main: it is for everyone on a link',
    ways: [{ uplink: 'wan1', share: 1 }],
  })
})
