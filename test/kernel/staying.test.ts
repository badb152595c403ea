/**
 * Connections of all kinds that are there while the host's programs change: none moves to another uplink, none is lost. What
 * leaves by an uplink with an address that is not its own is counted, and dropped, as providers do.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isStrict } from '../lab/measurements.ts'
import type { Host, Running } from './daemon-host.ts'
import { count, type Holding, held, lost, prefix, theirs } from './held.ts'
import { startHeldHost } from './held-host.ts'
import { inside, lanClient, server, setCarrier } from './providers.ts'
import { changedSoon } from './transcript.ts'

/** Where something else than their number is the question. */
const few = 12

/** Nothing here is measured. */
const patienceMs = 60_000
const limitMs = 600_000

let host: Host
let daemon: Running
let holding: Holding

beforeEach(async () => {
  ;({ host, holding } = await startHeldHost())
})
afterEach(() => host.end())

async function start(): Promise<void> {
  daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'], 0, patienceMs)
}

/** What is held carries enough to learn from, so a change of weights may be under way. */
const settles = () =>
  expect.poll(async () => (await host.ifbalance(['plan'])).stdout, { timeout: patienceMs }).toBe('Nothing to change.\n')

/** Others load their ruleset anew, and ours is flushed; it is there again when this returns. */
async function flush(how: 'at once' | 'one by one'): Promise<void> {
  const seen = daemon.said().length
  const argv = how === 'at once' ? ['nft', '-f', '-'] : ['sh', '-c', 'nft flush ruleset && nft -f -']
  await host.run(argv, {}, { input: how === 'at once' ? `flush ruleset\n${theirs}` : theirs })
  await daemon.tells(changedSoon, seen, patienceMs)
  await host.ifbalance(['apply'])
  // What leaves meanwhile leaves without our marks.
  await holding.forgetStrangers()
}

test.each(['client', 'server'] as const)(
  'installing on a router that works, and others who flush all rules: the %s speaks first',
  async (first) => {
    await holding.early(count, 1)
    await start()
    await holding.expectAllStayed(`installing on a live router, the ${first} speaks first`, first)
    await holding.expectAllWell('spoken to', first === 'client' ? 'server' : 'client')
    await holding.inSilence(() => flush('one by one'))
    await holding.expectAllStayed(`flush ruleset after installing, the ${first} speaks first`, first)
  },
  limitMs,
)

test(
  'failback, a reload of weights, apply, a restart and a crash: all stay where they are',
  async () => {
    await setCarrier(host, 'isp2', 'down')
    daemon = host.daemon()
    let seen = await daemon.balances(['wan1'], 0, patienceMs)
    await holding.all(count)
    await holding.from(1, count)
    holding.chat()
    await setCarrier(host, 'isp2', 'up')
    seen = await daemon.balances(['wan1', 'wan2'], seen, patienceMs)
    await holding.expectAllStayed('failback')
    await holding.all(count)
    await holding.from(2, count)
    await holding.expectAllWell('new ones')
    await host.write('/etc/ifbalance/conf.d/60-weight.conf', '[uplink wan2]\ninterface = wan2\nweight = 5\n')
    daemon.signal('SIGHUP')
    seen = await daemon.balances(['wan1', 'wan2'], seen, patienceMs)
    await holding.expectAllStayed('a reload of weights')
    await host.ifbalance(['apply'])
    await holding.expectAllStayed('ifbalance apply')
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      daemon.signal(signal)
      await daemon.ended
      daemon = host.daemon()
      await daemon.tells({ event: 'bus' }, 0, patienceMs)
      await host.ifbalance(['apply'])
      await holding.expectAllStayed(`${signal} and a new daemon`)
    }
    for (const how of ['at once', 'one by one'] as const) {
      await holding.inSilence(() => flush(how))
      await holding.expectAllStayed(`flush ruleset and load ${how}`)
    }
    // A packet of a masqueraded connection that the kernel's hash sends by another uplink ends it, in those milliseconds.
    if (isStrict) {
      await flush('at once')
      await holding.recordLost('flush ruleset and load at once, under traffic')
    }
  },
  limitMs,
)

test('what began while nobody translated lives once we do; what may live is not touched', async () => {
  // Somebody has to want connections tracked.
  await host.run([
    'nft',
    'flush ruleset; table inet fw { chain in { type filter hook input priority 0; ct state new accept; }; }',
  ])
  const others = ['10.99.0.7', '203.0.113.9'] as const
  for (const [index, to] of others.entries()) {
    const from = index === 0 ? lanClient.inet : '10.1.0.2'
    const ports = ['--sport', '9', '--dport', '9']
    await host.run(['conntrack', '-I', '-p', 'udp', '-t', '100', '-s', from, '-d', to, ...ports])
  }
  await host.run(['ip', 'route', 'add', '10.99.0.0/24', 'dev', 'lan0'])
  const beginAll = async () => {
    const all = [server.inet, server.inet6].map((to) => host.start(inside('lan', held('begin', to, '20'))))
    await Promise.all(all.map((one) => one.says(/begun/, 0, patienceMs)))
    return all
  }
  const expectAnswers = async (all: readonly Running[]) => {
    await Promise.all(all.map((one) => one.says(/^answered /, 0, patienceMs)))
    expect(
      all.map((one) => lost(one, 'answered')),
      daemon.said().slice(-8).join('\n'),
    ).toEqual([{}, {}])
  }
  const early = await beginAll()
  await start()
  await expectAnswers(early)
  for (const to of others) expect((await host.run(['conntrack', '-L'])).stdout).toContain(`dst=${to}`)

  // With rules for translation in the kernel, it is decided for good that there is none.
  const nat = 'table ip nothing { chain post { type nat hook postrouting priority 100; }; }'
  await host.run(['nft', nat])
  daemon.signal('SIGSTOP')
  await host.run(['nft', 'delete', 'table', 'inet', 'ifbalance'])
  const late = await beginAll()
  daemon.signal('SIGCONT')
  await expectAnswers(late)
})

/** As scripts for shaping do: without masks, behind our hooks. */
const saved = {
  'before routing': `
    chain before {
      type filter hook prerouting priority mangle
      meta mark set ct mark
      meta mark != 0 accept
      tcp sport != 7001 meta mark set 4
      ct mark set meta mark
    }`,
  'as they leave': `
    chain before { type filter hook prerouting priority mangle; meta mark set ct mark; }
    chain after { type filter hook postrouting priority mangle; ct mark set meta mark; }`,
  'and never restored': `
    chain after { type filter hook postrouting priority mangle; ct mark set meta mark; }`,
} as const

test.each(Object.entries(saved))(
  'marks that others save without a mask, %s: all stay where they are',
  async (_, chains) => {
    await host.run(['nft', '-f', '-'], {}, { input: `table inet shaping {${chains}\n}` })
    await setCarrier(host, 'isp2', 'down')
    daemon = host.daemon()
    let seen = await daemon.balances(['wan1'], 0, patienceMs)
    await holding.all(few, false)
    await holding.from(1, few)
    holding.chat()
    await setCarrier(host, 'isp2', 'up')
    seen = await daemon.balances(['wan1', 'wan2'], seen, patienceMs)
    await holding.expectAllWell('failback')
    await holding.all(few, false)
    await holding.from(2, few)
    await holding.expectAllWell('new ones')
    await settles()
  },
)

/** As firewalld has it, with IPv6_rpfilter=strict. */
const strictPath = `table inet strict_path {
  chain prerouting {
    type filter hook prerouting priority 10
    icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
}`

test("others who look the way back of IPv6 up by the packet's mark find the uplink that it came in by", async () => {
  await host.run(['nft', '-f', '-'], {}, { input: strictPath })
  await start()
  await holding.all(few)
  await holding.from(1, few)
  await holding.from(2, few)
  await holding.expectAllWell('strict')
  await holding.expectAllWell('strict', 'server')
  await settles()
})

test('what others do not have tracked, and nobody can translate, leaves by the uplink of its prefix', async () => {
  const rules = ['saddr', 'daddr'].map((which) => `ip6 ${which} ${prefix}/64 notrack`).join('; ')
  await host.run(['nft', `table inet untracked { chain raw { type filter hook prerouting priority raw; ${rules}; }; }`])
  await start()
  // That all of them were sent by the right uplink by chance: once in 10^9.
  const plan = { name: 'untracked', kind: 'tcp', to: server.inet6, port: 7000, bind: `${prefix}10`, count: 30 }
  const client = host.start(inside('lan', held('client', JSON.stringify([plan]))))
  await client.says(/^open /, 0, patienceMs)
  expect(lost(client, 'open')).toEqual({})
  await settles()
  // Another's rule behind ours may lead it elsewhere, and does not come to its word where packets have our marks.
  const rule = (verb: string) => [
    'ip',
    '-6',
    'rule',
    verb,
    'from',
    `${prefix}/64`,
    'priority',
    '32000',
    'lookup',
    '100',
  ]
  const ours = async () => (await host.run(['nft', 'list', 'table', 'inet', 'ifbalance'])).stdout
  await host.run(rule('add'))
  await expect.poll(ours).not.toContain('untracked')
  await host.run(rule('del'))
  await expect.poll(ours).toContain('untracked')
})
