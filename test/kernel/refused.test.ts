/** What the kernel or nft refuses for one uplink or one rule costs that one alone, is told once, and comes back by itself. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { patienceMs } from '../lab/patience.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { after, changedSoon } from './transcript.ts'

let host: Host
let daemon: Running

/** nft refuses whatever has this word in it, while there is one. */
const pickyNft = `#!/bin/sh
word=$(cat /run/refused-word 2>/dev/null)
case "$*" in *'-f -') ;; *) exec /run/nft "$@" ;; esac
text=$(cat)
case "$text" in *"\${word:-nothing like this}"*) echo 'Error: Could not process rule: Not supported' >&2; exit 1 ;; esac
printf '%s\\n' "$text" | exec /run/nft "$@"
`

/** While the first batch for IPv4 runs, wan2 has no address. */
const flappingIp = `#!/bin/sh
case "$*" in '-4 -force -batch -') ;; *) exec /run/ip "$@" ;; esac
rm /run/flap 2>/dev/null || exec /run/ip "$@"
/run/ip address del 10.2.0.2/24 dev wan2
/run/ip "$@" 2>/run/flapped
result=$?
cat /run/flapped >&2
/run/ip address add 10.2.0.2/24 dev wan2
/run/ip route replace default via 10.2.0.1 dev wan2 metric 102
exit $result
`

beforeAll(async () => {
  host = await startHost()
  const wan3 = 'ip link add wan3 type veth peer name isp3 && ip address add 10.3.0.2/24 dev wan3 && ip link set wan3 up'
  await host.run(['/bin/sh', '-c', `${wan3} && ip link set isp3 up`])
  await host.run(['cp', '/usr/sbin/nft', '/run/nft'])
  await host.run(['rm', '/usr/sbin/nft'])
  await host.write('/usr/sbin/nft', pickyNft)
  await host.run(['chmod', '755', '/usr/sbin/nft'])
})
afterAll(() => host?.end())

/** Until then a busy machine has done it. */
const within = { timeout: patienceMs }

const out = async (...argv: readonly string[]) => (await host.run(argv, {}, { accept: [0, 2] })).stdout
const balanced = () => out('ip', 'route', 'show', 'table', '30098')
const config = (text: string) => host.write('/etc/ifbalance/ifbalance.conf', text)

async function warningsOf(pattern: RegExp): Promise<readonly string[]> {
  const { warnings } = JSON.parse((await host.ifbalance(['status', '--json'])).stdout) as { warnings: string[] }
  return warnings.filter((line) => pattern.test(line))
}

test('rules among ours that ip(8) lists in words that it does not take are left alone, and keep nothing from its place', async () => {
  const rules = [
    ['goto', '29999'],
    ['from', '10.9.0.0/16', 'tos', '0x10', 'lookup', '77'],
    ['to', '10.9.0.0/16', 'lookup', '77'],
    ['ipproto', 'tcp', 'sport', '100-200', 'dport', '53', 'lookup', '77'],
    ['uidrange', '1000-2000', 'lookup', '77'],
    ['tun_id', '7', 'lookup', '77'],
    ['l3mdev'],
    ['suppress_ifgroup', '5', 'lookup', '77'],
    ['suppress_prefixlength', '12', 'lookup', '77'],
    ['from', '10.8.0.0/24', 'lookup', '77', 'realms', '3/4'],
    ['fwmark', '9', 'prohibit'],
    ['fwmark', '10', 'blackhole'],
    ['fwmark', '11', 'unreachable'],
    ['iif', 'nosuch', 'lookup', '77'],
    ['nop'],
  ]
  // Ours: a protocol that few others write, and words that we use.
  const ours = new Set([0, rules.length - 2, rules.length - 1])
  const add = (protocol: string) =>
    rules.map((words, i) => `rule add priority ${20900 + i} ${words.join(' ')} protocol ${protocol}`)
  await host.ifbalance(['apply'])
  for (const protocol of ['kernel', 'static']) {
    await host.run(['ip', '-batch', '-'], {}, { input: `${add(protocol).join('\n')}\n` })
    await host.run(['ip', 'rule', 'del', 'from', '10.1.0.2', 'priority', '20202'])
    expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0 })
    expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
    const listed = await out('ip', '-N', 'rule')
    expect(listed).toMatch(/^20202:\tfrom 10.1.0.2 /m)
    const expected = rules.flatMap((_, i) => (protocol === 'kernel' && ours.has(i) ? [] : [20900 + i]))
    expect([...listed.matchAll(/^(209[0-8]\d):/gm)].map(([, priority]) => Number(priority))).toEqual(expected)
    expect(await warningsOf(/is another program's, among ours/)).not.toHaveLength(0)
    for (const priority of expected) await host.run(['ip', 'rule', 'del', 'priority', String(priority)])
  }
})

test('an address that was away for the moment of the change', async () => {
  await host.run(['mv', '/usr/sbin/ip', '/run/ip'])
  await host.write('/usr/sbin/ip', flappingIp)
  await host.run(['chmod', '755', '/usr/sbin/ip'])
  await host.ifbalance(['down'])
  await host.write('/run/flap', '')
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0 })
  expect(await out('cat', '/run/flapped')).toMatch(/Nexthop has invalid gateway/)
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
  expect(await balanced()).toContain('nexthop via 10.2.0.1 dev wan2')
  await host.run(['mv', '/run/ip', '/usr/sbin/ip'])
})

test('a gateway that the kernel does not take, and a better one', async () => {
  // An address of this host is no gateway.
  await config('[uplink wan2]\ngateway = 10.3.0.2\n')
  daemon = host.daemon()
  let seen = await daemon.balances(['wan1'])
  expect(await balanced()).toMatch(/^default via 10.1.0.1 dev wan1 /)
  expect(await out('ip', 'route', 'show', 'table', '30001')).toMatch(/^default via 10.1.0.1 dev wan1 /)
  expect(await out('ip', 'rule')).toContain('from 10.1.0.2 lookup')
  const told = /uplink wan2: left out for IPv4, refused: Nexthop has invalid gateway/
  await daemon.tells({ event: 'trouble', kind: 'refused', uplink: 'wan2', family: 'inet' })
  expect(await warningsOf(told)).toHaveLength(1)
  // Others' changes are seen at once all the same, and nothing is said again.
  for (let i = 0; i < 3; i++) {
    await out('ip', 'route', 'flush', 'table', '30001')
    seen = await daemon.tells(changedSoon, seen)
  }
  expect(daemon.told({ event: 'trouble', kind: 'refused' })).toHaveLength(1)
  expect(await out('ip', 'route', 'get', '203.0.113.1', 'from', '10.2.0.2')).toContain('dev wan1')
  await config('')
  daemon.signal('SIGHUP')
  await daemon.tells({ ...after({ kind: 'configuration' }), carrying: ['wan1', 'wan2'] }, seen)
  expect(await warningsOf(/refused/)).toEqual([])
})

test('the same in IPv6 costs one uplink that family', async () => {
  const seen = daemon.said().length
  for (const i of [1, 2, 3]) await out('ip', 'address', 'add', `2001:db8:${i}::2/64`, 'dev', `wan${i}`, 'nodad')
  for (const i of [1, 2])
    await out('ip', 'route', 'add', 'default', 'via', 'fe80::1', 'dev', `wan${i}`, 'metric', `10${i}`)
  const balanced6 = () => out('ip', '-6', 'route', 'show', 'table', '30098')
  await expect.poll(balanced6, within).toMatch(/ wan1 .* wan2 /s)
  await config('[uplink wan2]\ngateway = 2001:db8:3::2\n')
  daemon.signal('SIGHUP')
  const refused = { event: 'trouble', kind: 'refused', uplink: 'wan2', family: 'inet6' }
  await daemon.tells(refused, seen)
  const told = /uplink wan2: left out for IPv6, refused: .*Gateway can not be a local address/
  expect(await warningsOf(told)).toHaveLength(1)
  expect(await balanced6()).toMatch(/^default via fe80::1 dev wan1 /)
  expect(await balanced()).toMatch(/ wan1 .* wan2 /s)
  const wayOf = (family: string, from: string, to: string) => out('ip', family, 'route', 'get', to, 'from', from)
  expect(await wayOf('-6', '2001:db8:1::2', '2001:db8:ffff::1')).toContain('dev wan1')
  expect(await wayOf('-6', '2001:db8:2::2', '2001:db8:ffff::1')).toContain('dev wan1')
  expect(await wayOf('-4', '10.2.0.2', '203.0.113.1')).toContain('dev wan2')
  // It fails over and comes back as ever meanwhile.
  await out('ip', 'link', 'set', 'isp1', 'down')
  await expect.poll(balanced, within).toMatch(/^default via 10.2.0.1 dev wan2 /)
  await out('ip', 'link', 'set', 'isp1', 'up')
  await expect.poll(balanced, within).toMatch(/ wan1 .* wan2 /s)
  expect(daemon.told(refused, seen)).toHaveLength(1)
  await config('')
  daemon.signal('SIGHUP')
  await expect.poll(balanced6, within).toMatch(/ wan1 .* wan2 /s)
  expect(await warningsOf(/refused/)).toEqual([])
  for (const i of [1, 2, 3]) await out('ip', '-6', 'address', 'flush', 'dev', `wan${i}`)
  for (const i of [1, 2]) await out('ip', '-6', 'route', 'del', 'default', 'dev', `wan${i}`)
  await expect.poll(balanced6, within).toBe('')
})

test('what is refused is tried again when the world around it is another', async () => {
  const seen = daemon.said().length
  await config('[uplink wan2]\ngateway = 10.3.0.2\n')
  daemon.signal('SIGHUP')
  await daemon.balances(['wan1'], seen)
  await out('ip', 'address', 'flush', 'dev', 'wan3')
  await out('ip', 'address', 'add', '10.2.0.77/24', 'dev', 'wan2')
  await daemon.balances(['wan1', 'wan2'], seen)
  await out('ip', 'address', 'del', '10.2.0.77/24', 'dev', 'wan2')
  await config('')
  daemon.signal('SIGHUP')
  await out('ip', 'address', 'add', '10.3.0.2/24', 'dev', 'wan3')
})

test('one rule that nft does not take', async () => {
  const seen = daemon.said().length
  const rule = (name: string, port: number) => `[rule ${name}]\nport = ${port}\nuplinks = wan1\n`
  await host.write('/run/refused-word', '7777')
  await config(`[uplink wan1]\n[uplink wan2]\n${rule('one', 1111)}${rule('bad', 7777)}${rule('two', 2222)}`)
  daemon.signal('SIGHUP')
  await daemon.tells({ event: 'trouble', kind: 'refused', rule: 'bad' }, seen)
  const listing = await out('/run/nft', 'list', 'table', 'inet', 'ifbalance')
  expect(listing).toMatch(/1111/)
  expect(listing).toMatch(/2222/)
  expect(listing).not.toMatch(/7777/)
  await host.run(['rm', '/run/refused-word'])
  await config('')
  daemon.signal('SIGHUP')
})

test('an uplink that nft does not take is left alone, and the others fail over as ever', async () => {
  let seen = daemon.said().length
  await host.write('/run/refused-word', 'to_3 ')
  await out('ip', 'route', 'add', 'default', 'via', '10.3.0.1', 'dev', 'wan3', 'metric', '103')
  await daemon.tells({ event: 'trouble', kind: 'refused', uplink: 'wan3', family: 'inet' }, seen)
  expect(await balanced()).not.toContain('wan3')
  seen = daemon.said().length
  await out('ip', 'link', 'set', 'isp1', 'down')
  await daemon.balances(['wan2'], seen)
  expect(await balanced()).toMatch(/^default via 10.2.0.1 dev wan2 /)
  await host.run(['rm', '/run/refused-word'])
  await out('ip', 'link', 'set', 'isp1', 'up')
})
