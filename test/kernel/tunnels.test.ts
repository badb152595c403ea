/** F10, F13: VPNs, by where packets of the host and of its LAN really arrive. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkShare } from '../lab/shares.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { makeFarEnds, send } from './far-ends.ts'

let host: Host
let daemon: Running

beforeEach(async () => {
  host = await startHost()
  await makeFarEnds(host)
})

afterEach(() => host.end())

const ip = async (...words: readonly string[]) => {
  for (const line of words) await host.run(['ip', ...line.split(' ')])
}

async function start(): Promise<number> {
  daemon = host.daemon()
  return daemon.balances(['wan1', 'wan2'])
}

const everywhere = ['host', 'lan'] as const

/** A port that an earlier flow had as well would make it that flow, which stays where it was. */
async function sendNew(from: (typeof everywhere)[number]) {
  await host.run(['conntrack', '-F'])
  return send(host, from)
}

async function expectBalanced(): Promise<void> {
  for (const from of everywhere) {
    const { tunnel, wan1, wan2 } = await sendNew(from)
    expect({ from, tunnel, sum: wan1 + wan2 }).toEqual({ from, tunnel: 0, sum: 60 })
    checkShare(wan1, 60, 0.5, from)
  }
}

interface Told {
  readonly uplinks: readonly { readonly inet: { readonly share: number } | null }[]
  readonly warnings: readonly string[]
}

/** And that is what people are told. */
async function expectAllInTunnel(): Promise<void> {
  const { uplinks, warnings }: Told = JSON.parse((await host.ifbalance(['status', '--json'])).stdout)
  expect(uplinks.map(({ inet }) => inet?.share)).toEqual([0, 0])
  expect(warnings.join('\n')).toContain('IPv4: 100 % of new connections go by tun0, which is no uplink')
  for (const from of everywhere) {
    expect({ from, ...(await sendNew(from)) }).toEqual({ from, tunnel: 60, wan1: 0, wan2: 0, snat: 0 })
  }
}

/** Where something with this mark goes. */
async function wayOf(mark: string): Promise<string | undefined> {
  return /dev (\S+)/.exec((await host.run(['ip', 'route', 'get', '203.0.113.1', 'mark', mark])).stdout)?.[1]
}

describe("F10: a VPN's default in main", () => {
  test.each([
    ['one route', ['0.0.0.0/0']],
    ['two halves, as OpenVPN has it', ['0.0.0.0/1', '128.0.0.0/1']],
  ])('%s: everything is in the tunnel while it is there, and comes back', async (_, prefixes) => {
    const seen = await start()
    await expectBalanced()
    await ip(...prefixes.map((prefix) => `route add ${prefix} dev tun0`))
    if (prefixes.length === 1) await daemon.tells({ event: 'change', step: 'delete-rule' }, seen)
    if (prefixes.length === 1) await daemon.balances([], seen)
    await daemon.tells({ event: 'trouble', kind: 'bypass', family: 'inet' }, seen)
    await expectAllInTunnel()
    // It stays so when we look again, and when we start with the tunnel there.
    await host.ifbalance(['apply'])
    await expectAllInTunnel()
    daemon.signal('SIGTERM')
    await daemon.ended
    // A start that finds nothing to change says nothing.
    daemon = host.daemon()
    await expect.poll(() => host.run(['ls', '/run/ifbalance']).then(({ stdout }) => stdout)).toContain('control')
    await host.ifbalance(['apply'])
    await expectAllInTunnel()
    await ip('link set tun0 down')
    if (prefixes.length === 1) await daemon.tells({ event: 'change', step: 'add-rule' })
    await expectBalanced()
  })
})

test('two halves of the internet in the lease of one uplink: that they go by it is told, and it is so', async () => {
  const seen = await start()
  await ip(...['0.0.0.0/1', '128.0.0.0/1'].map((half) => `route add ${half} via 10.2.0.1 dev wan2 proto dhcp`))
  await daemon.tells({ event: 'trouble', kind: 'bypass', family: 'inet' }, seen)
  const { uplinks, warnings }: Told = JSON.parse((await host.ifbalance(['status', '--json'])).stdout)
  expect(uplinks.map(({ inet }) => inet?.share)).toEqual([0, 1])
  expect(warnings.join('\n')).toContain('100 % of new connections go by wan2, whether it works or not')
  for (const from of everywhere) expect(await sendNew(from)).toMatchObject({ tunnel: 0, wan1: 0, wan2: 60 })
  await ip('route flush proto dhcp')
  await expectBalanced()
})

const programs = {
  'wg-quick': {
    rules: ['not fwmark 51820 table 51820', 'table main suppress_prefixlength 0'],
    table: 51820,
    own: '51820',
  },
  Tailscale: {
    rules: [
      'pref 5210 fwmark 0x80000/0xff0000 table main',
      'pref 5230 fwmark 0x80000/0xff0000 table default',
      'pref 5250 fwmark 0x80000/0xff0000 type unreachable',
      'pref 5270 table 52',
    ],
    table: 52,
    own: '0x80000',
  },
}

describe.each(Object.entries(programs))('F13: %s', (_, { rules, table, own }) => {
  const up = () => ip(`route add default dev tun0 table ${table}`, ...rules.map((rule) => `rule add ${rule}`))
  const down = () => ip(...rules.map((rule) => `rule del ${rule.replace('type ', '')}`), `route flush table ${table}`)

  test.each(['before', 'after'])(
    '%s us: the tunnel has all but its own packets, and we have the rest',
    async (when) => {
      if (when === 'before') await up()
      await start()
      if (when === 'after') {
        await expectBalanced()
        await up()
      }
      await host.ifbalance(['apply'])
      await expectAllInTunnel()
      expect(['wan1', 'wan2']).toContain(await wayOf(own))
      expect((await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')
      expect(daemon.told({ event: 'trouble', kind: /^foreign-|^mark-/ })).toEqual([])
      await down()
      await host.ifbalance(['apply'])
      await expectBalanced()
    },
  )
})

const rulesNow = async () => (await host.run(['ip', 'rule'])).stdout

test('wg-quick that goes down takes its own rules along, and none of ours', async () => {
  await start()
  const before = await rulesNow()
  await ip('route add default dev tun0 table 51820', ...programs['wg-quick'].rules.map((rule) => `rule add ${rule}`))
  await host.ifbalance(['apply'])
  daemon.signal('SIGSTOP')
  // As in wireguard-tools 1.0.20210914: until none is listed.
  while ((await rulesNow()).includes('lookup 51820')) await ip('rule delete table 51820')
  while ((await rulesNow()).includes('from all lookup main suppress_prefixlength 0'))
    await ip('rule delete table main suppress_prefixlength 0')
  expect(await rulesNow()).toBe(before)
  daemon.signal('SIGCONT')
  await host.ifbalance(['apply'])
  expect((await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')
})

test("an administrator's own source NAT wins over our masquerade, and the flows are pinned all the same", async () => {
  await start()
  await host.run(
    ['nft', '-f', '-'],
    {},
    {
      input: `table ip admin {
        chain post {
          type nat hook postrouting priority srcnat
          ip saddr 192.168.77.10 oifname "wan1" snat to 10.1.0.77
        }
      }
      `,
    },
  )
  const { wan1, wan2, snat } = await send(host, 'lan')
  expect({ sum: wan1 + wan2, snat }).toEqual({ sum: 60, snat: wan1 })
  checkShare(wan1, 60, 0.5)
  const { stdout } = await host.run(['conntrack', '-L', '--src', '192.168.77.10', '--mark', '0x41000000/0xff000000'])
  expect(stdout.trim().split('\n')).toHaveLength(wan1)
})

test('a rule that somebody adds behind ours at 32765 is in front of ours at once', async () => {
  const seen = await start()
  await ip('route add default dev tun0 table 77', 'rule add priority 32765 lookup 77')
  await daemon.tells({ event: 'change', step: 'add-rule' }, seen)
  await expectAllInTunnel()
})
