/** Others on the same host: in our number spaces, under our table's name, with rules of their own before and after ours. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ourRoutes } from '../lab/our-routes.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { balancing } from './transcript.ts'

let host: Host
let daemon: Running

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

const out = async (...argv: readonly string[]) => (await host.run(argv)).stdout

async function start(): Promise<number> {
  daemon = host.daemon()
  return daemon.balances(['wan1', 'wan2'])
}

/** Nothing is left to do, and the daemon did not need telling. */
async function expectSettled(): Promise<void> {
  expect((await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')
}

/** Where a packet would go, by the kernel's own word. */
async function wayOf(...selectors: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await host.run(['ip', 'route', 'get', ...selectors], {}, { accept: [0, 2] })
  return exitCode === 0 ? (/dev (\S+)/.exec(stdout)?.[1] ?? stdout) : stderr.trim()
}

describe('our numbers are moved by configuration while we run', () => {
  const config = (lines: string) => `[balance]\n${lines}\n`

  test.each([
    ['mark-shift', 'mark-shift = 8', /0x40000000|0x1000000\/|0x3f000000/],
    ['table-base', 'table-base = 40000', /\b30(0\d\d)\b/],
    ['rule-base, overlapping the old', 'rule-base = 20500', /^20[01]\d\d:/m],
    ['all three', 'mark-shift = 4\ntable-base = 1000\nrule-base = 9000', /^20\d{3}:|\b30(0\d\d)\b|0x40000000/m],
  ])('%s: what was made with the old ones goes, and comes back with them', async (_, lines, former) => {
    const before = await ours()
    let seen = await start()
    const original = await ours()
    expect(original).toMatch(former)
    for (const [text, gone] of [
      [config(lines), former],
      ['', /^9\d{3}:|\b(1|40)0\d\d\b|0x400\/|0x4000\//m],
    ] as const) {
      await host.write('/etc/ifbalance/ifbalance.conf', text)
      daemon.signal('SIGHUP')
      seen = await daemon.balances(['wan1', 'wan2'], seen)
      expect(await ours()).not.toMatch(gone)
      expect(await out('ip', 'rule')).toMatch(
        /32765:.* lookup main suppress_prefixlength 0\n(32765:.* iif wan\d lookup main\n){2}32765:.* lookup \d+\n32766/,
      )
      await expectSettled()
    }
    expect(await ours()).toBe(original)
    await host.write('/etc/ifbalance/ifbalance.conf', config(lines))
    // Not told to the daemon: it ends, and a removal knows the old numbers, the new ones, and what is really there.
    daemon.signal('SIGTERM')
    await daemon.ended
    await host.ifbalance(['down'])
    expect(await ours()).toBe(before)
  })

  test('connections that carry the old marks are forgotten, others are not', async () => {
    const seen = await start()
    const connection = (port: string, mark: string) =>
      out(
        ...['conntrack', '-I', '-p', 'udp', '-t', '100', '-s', '10.1.0.2', '-d', '203.0.113.1'],
        ...['--sport', port, '--dport', '53', '--mark', mark],
      )
    await connection('1001', '0x42000000')
    await connection('1002', '0x81000000')
    await connection('1003', '0x00000007')
    await host.write('/etc/ifbalance/ifbalance.conf', config('mark-shift = 16'))
    daemon.signal('SIGHUP')
    await daemon.balances(['wan1', 'wan2'], seen)
    // It goes on in the background.
    await expect.poll(() => out('conntrack', '-L')).not.toMatch(/sport=100[12]/)
    expect(await out('conntrack', '-L')).toContain('sport=1003')
  })

  /** Rules, routes and the table: everything with a number of ours. */
  async function ours(): Promise<string> {
    const tables = await out('nft', 'list', 'ruleset')
    // Maps are listed in the order in which they were made, and those that stay are older.
    const maps = tables.split(/^(?=\tmap )/m).map((text) => text.split(/(?<=^\t\}\n)/m))
    const sorted = [...maps.map(([first]) => first).sort(), ...maps.map(([, ...rest]) => rest.join(''))].join('')
    return `${await out('ip', 'rule')}${ourRoutes(await out('ip', 'route', 'show', 'table', 'all')).join('\n')}${sorted}`
  }
})

describe('F14: a table of our name that another program made', () => {
  const table = 'table inet ifbalance { chain input { type filter hook input priority 0; tcp dport 22 accept; }; }'

  test('is left alone, and told; main goes on; ours is made when it goes', async () => {
    await host.run(['nft', table])
    const before = await out('nft', 'list', 'ruleset')
    const rules = await out('ip', 'rule')
    daemon = host.daemon()
    const seen = await daemon.tells({ event: 'trouble', kind: 'foreign-table' })
    expect(await out('nft', 'list', 'ruleset')).toBe(before)
    expect(await out('ip', 'rule')).toBe(rules)
    expect(await wayOf('203.0.113.1')).toBe('wan1')
    expect(daemon.told(balancing)).toEqual([])
    expect((await host.ifbalance(['check'])).stdout).toContain("another program's")
    await host.ifbalance(['down'])
    expect(await out('nft', 'list', 'ruleset')).toBe(before)
    await host.ifbalance(['apply'])
    await host.run(['nft', 'delete table inet ifbalance'])
    await daemon.balances(['wan1', 'wan2'], seen)
    expect(await out('nft', 'list', 'ruleset')).toContain('chain pin')
  })

  test('one that has something of ours is put right', async () => {
    const seen = await start()
    await host.run(['nft', table])
    await daemon.balances(['wan1', 'wan2'], seen)
    expect(await out('nft', 'list', 'ruleset')).not.toContain('chain input')
  })
})

test('ifupdown-multi is told by check and status', async () => {
  await host.run(['sh', '-c', 'mkdir -p /etc/network/if-up.d && echo >/etc/network/if-up.d/ifupdown-multi'])
  const message = 'ifupdown-multi is installed'
  expect(await host.ifbalance(['check'])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(message) })
  expect((await host.ifbalance(['status'])).stdout).toContain(message)
})

test("a name that is another table's on this host stays that table's, and is told", async () => {
  await host.run(['sh', '-c', 'mkdir -p /etc/iproute2/rt_tables.d'])
  await host.write('/etc/iproute2/rt_tables', '101 wan1\n')
  // As the package has it.
  await host.run(['ln', '-sf', '/run/ifbalance/rt_tables.conf', '/etc/iproute2/rt_tables.d/ifbalance.conf'])
  await host.run(['ip', 'route', 'add', '203.0.113.64/26', 'via', '10.1.0.1', 'table', '101'])
  await host.run(['ip', 'rule', 'add', 'pref', '90', 'to', '203.0.113.64/26', 'lookup', 'wan1'])
  await start()
  expect(await out('ip', 'route', 'show', 'table', 'wan1')).toMatch(
    /^203\.0\.113\.64\/26 via 10\.1\.0\.1 dev wan1 *\n$/,
  )
  expect(await out('ip', 'route', 'show', 'table', 'wan2')).toContain('default via 10.2.0.1 dev wan2')
  expect(await out('ip', '-N', 'rule', 'show', 'pref', '90')).toContain('lookup 101')
  expect((await host.ifbalance(['status'])).stdout).toContain('has no name: wan1 is table 101 in rt_tables')
})

test('a ruleset that flushes all and masquerades is told by check, which is no warning; one that does neither is not', async () => {
  const told = async (text: string) => {
    await host.write('/etc/nftables.conf', text)
    await host.run(['nft', '-c', '-f', '/etc/nftables.conf'])
    const { exitCode, stdout } = await host.ifbalance(['check'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('nothing is in the way')
    return stdout.split('\n').filter((line) => line.includes('/etc/nftables.conf'))
  }
  const nat = 'table ip nat { chain post { type nat hook postrouting priority srcnat; oifname "wan1" masquerade; }; }\n'
  expect(await told(`#!/usr/sbin/nft -f\nflush ruleset\n${nat}`)).toEqual([
    expect.stringMatching(
      /^ok +host +\/etc\/nftables\.conf flushes all rules and masquerades: .*its own tables instead/,
    ),
  ])
  // As Debian ships it, and one that leaves others' tables alone.
  expect(
    await told('flush ruleset\ntable inet filter { chain input { type filter hook input priority filter; }; }\n'),
  ).toEqual([])
  expect(await told(`table ip nat\ndelete table ip nat\n${nat}`)).toEqual([])
  await host.run(['rm', '/etc/nftables.conf'])
  expect((await host.ifbalance(['check'])).stdout).not.toContain('nftables.conf')
})

describe('F7, F8, F9: others in our number spaces, while we run', () => {
  test.each([
    ['F7', 'ip rule add pref 90 fwmark 0x2000000/0xff000000 lookup 78', 'mark-compared', 'mark-shift'],
    ['F8', 'ip rule add pref 20500 from 10.1.0.98 lookup 77', 'foreign-rule', 'rule-base'],
    ['F9', 'ip route add 203.0.113.0/24 via 10.1.0.7 table 30007', 'foreign-route', 'table-base'],
  ])('%s: is told, and left alone, also by down', async (_, command, kind, remedy) => {
    const seen = await start()
    await host.run(command.split(' '))
    await daemon.tells({ event: 'trouble', kind, family: 'inet' }, seen)
    expect((await host.ifbalance(['status'])).stdout).toContain(remedy)
    const theirs = async () => `${await out('ip', 'rule')}${await out('ip', 'route', 'show', 'table', 'all')}`
    const trace = /78|from 10\.1\.0\.98|203\.0\.113\.0\/24/
    expect(await theirs()).toMatch(trace)
    await host.ifbalance(['down'])
    expect(await theirs()).toMatch(trace)
    expect(await out('ip', 'rule')).not.toContain('32765')
  })
})

describe("others' source NAT, while we run", () => {
  const chain = (rules: string) =>
    `table ip fw { chain post { type nat hook postrouting priority srcnat; ${rules}; }; }`
  const theirs = async (number: number) => {
    const { stdout } = await host.run(['nft', 'list', 'table', 'inet', 'ifbalance'])
    return /chain theirs_(\d) {\n([^}]*)}/g
      .exec(stdout.slice(Math.max(0, stdout.indexOf(`chain theirs_${number} `))))?.[2]
      ?.trim()
  }

  test('is followed as soon as the kernel tells of it, and what cannot be read is told', async () => {
    await start()
    expect(await theirs(1)).toBeUndefined()
    await host.run(['nft', chain('ip daddr 203.0.113.50 accept; oifname "wan2" counter snat to 10.2.0.2')])
    await expect.poll(() => theirs(1)).toBe('ip daddr 203.0.113.50 accept')
    expect(await theirs(2)).toBe('meta nfproto ipv4 accept')
    await host.run(['nft', 'add rule ip fw post oifname "wan1" meta mark 0x5 snat to 10.1.0.2'])
    await expect.poll(() => theirs(1)).toBe('meta nfproto ipv4 accept')
    const message = /source NAT in ip fw post .* on wan1 /
    expect((await host.ifbalance(['check'])).stdout).toMatch(message)
    expect((await host.ifbalance(['status'])).stdout).toMatch(message)
    await host.run(['nft', 'delete table ip fw'])
    await expect.poll(() => theirs(2)).toBeUndefined()
    // What is in a set that others' rules name counts, too, from when it is there.
    await host.run(['nft', chain('ip daddr @mine accept').replace('{', '{ set mine { type ipv4_addr; }; ')])
    await host.run(['nft', 'add element ip fw mine { 203.0.113.60 }'])
    await expect.poll(() => theirs(1)).toBe('ip daddr 203.0.113.60 accept')
    await host.run(['nft', 'add element ip fw mine { 203.0.113.70 }; delete element ip fw mine { 203.0.113.60 }'])
    await expect.poll(() => theirs(1)).toBe('ip daddr 203.0.113.70 accept')
    await host.run(['nft', 'delete table ip fw'])
    await expect.poll(() => theirs(1)).toBeUndefined()
    await expectSettled()
  })

  test('that cannot be listed costs no round', async () => {
    await host.run(['sh', '-c', 'cp -a /usr/sbin/nft /run/nft'])
    await host.write('/usr/sbin/nft', '#!/bin/sh\ncase "$*" in *"list ruleset") exit 1 ;; esac\nexec /run/nft "$@"\n')
    const seen = await start()
    const failures = () => daemon.told({ event: 'failure', doing: 'reading', what: "others' source NAT" })
    expect(failures()).toHaveLength(1)
    await host.run(['ip', 'link', 'set', 'isp2', 'down'])
    await daemon.balances(['wan1'], seen)
    expect(failures()).toHaveLength(1)
  })
})

test("others' rules that write into our bits of marks, or set marks anew before routing, are told; those with bits of their own are not", async () => {
  const nft = (text: string) => host.run(['nft', '-f', '-'], {}, { input: text })
  const told = async () => {
    const { stdout } = await host.ifbalance(['check'])
    return stdout.split('\n').filter((line) => / marks/.test(line))
  }
  await host.ifbalance(['apply'])
  // As kube-proxy and mwan3 do it.
  await nft(`table ip kube {
    chain mark-for-masquerade { meta mark set meta mark | 0x4000; }
    chain services { type nat hook prerouting priority -100; jump mark-for-masquerade; }
  }
  `)
  const mwan3 = ['-j', 'CONNMARK', '--restore-mark', '--nfmask', '0x3f00', '--ctmask', '0x3f00']
  await host.run(['iptables-nft', '-t', 'mangle', '-A', 'PREROUTING', ...mwan3])
  await host.run(['iptables-nft', '-t', 'mangle', '-A', 'OUTPUT', '-j', 'MARK', '--set-xmark', '0x100/0x3f00'])
  expect(await told()).toEqual([])
  const moved = ['-d', '198.51.100.9', '-j', 'MARK', '--set-xmark', '0x5000000/0x3f000000']
  await host.run(['iptables-nft', '-t', 'mangle', '-A', 'PREROUTING', ...moved])
  await nft(
    'table ip old { chain out { type route hook output priority -150; ip daddr 198.51.100.9 meta mark set 7; }\n }\n',
  )
  expect(await told()).toEqual([
    expect.stringMatching(/nft ip old out sets packet marks anew, without a mask/),
    expect.stringMatching(/iptables-nft mangle PREROUTING sets bits 0x5000000 of packet marks, which are ours/),
  ])
  // A daemon says it once, and follows what changes.
  daemon = host.daemon()
  const seen = await daemon.tells({ event: 'trouble', kind: 'mark-written' })
  await nft('table ip late { chain out { type route hook output priority -150; meta mark set 0x1000000; }\n }\n')
  await daemon.tells({ event: 'trouble', kind: 'mark-written', reason: /\blate\b/ }, seen)
  expect(daemon.told({ event: 'trouble', kind: 'mark-written' })).toHaveLength(3)
})
