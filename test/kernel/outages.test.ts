/** What fails on all lines at once: it costs no connection, and no line is the worse for it afterwards. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cause } from '../../src/model/cause.ts'
import { ipBatch, nftIn, type Running } from '../lab/command.ts'
import { openIsp } from '../lab/isp.ts'
import { record } from '../lab/measurements.ts'
import { addresses } from '../lab/names.ts'
import { giveLanIpv6 } from '../lab/network.ts'
import { openSessions, type Sessions } from '../lab/traffic.ts'
import { blackhole, type HealthLab, healthLab, mend } from './health-lab.ts'
import { health, restart, until, untilCarriers, untilJudged } from './health-states.ts'
import { after, balancing } from './transcript.ts'

/** `npm run test:outages` has 100, or IFBALANCE_ROUNDS, for figures that count: 18 minutes on a busy machine. */
const rounds = Number(process.env['IFBALANCE_ROUNDS'] ?? 8)

const durations = [300, 1000, 3000, 8000]
const chain = (hook: string, rule = 'drop') => `chain ${hook} { type filter hook ${hook} priority -300; ${rule}; }\n`

/** Where everything is dropped: all behind the providers, in one direction or both, or all by the host's own firewall. */
interface Drop {
  readonly kind: string
  readonly on: 'internet' | 'host'
  readonly rules: string
}
const outages: readonly Drop[] = [
  { kind: 'the providers drop everything', on: 'internet', rules: chain('prerouting') },
  {
    kind: 'the host reloads its firewall',
    on: 'host',
    rules: ['input', 'forward'].map((hook) => chain(hook)).join(''),
  },
  { kind: 'the providers drop what comes back', on: 'internet', rules: chain('postrouting', 'oifname "isp*" drop') },
  {
    kind: 'the host lets nothing out either',
    on: 'host',
    rules: [chain('input'), chain('forward'), chain('output', 'oifname "wan*" drop')].join(''),
  },
]

/** The sessions' own pace may pass for what a line can carry. Weights say that, and cut nothing. */
const isMore = (causes: readonly Cause[]) => !causes.every(({ kind }) => kind === 'weights')

/** The third line's, which go with its link. */
const defaults3 = ['10.3.0.1', '2001:db8:3::1'].map((gateway) => `default via ${gateway} dev wan3 metric 103`)

let lab: HealthLab

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const cpus = () => Promise.all([1, 2].map(() => lab.start(['/bin/sh', '-c', 'while :; do :; done'])))

beforeAll(async () => {
  lab = await healthLab({ ipv6: true })
  const { host, internet } = lab.network
  await giveLanIpv6(lab.network)
  await openIsp(lab.undo, 3, { host, internet }, { ipv6: true })
  // An address of IPv6 would go with the link.
  await lab.exec(['/usr/sbin/sysctl', '-qw', 'net.ipv6.conf.wan3.keep_addr_on_down=1'])
  await ipBatch(host, [
    'addr add 10.3.0.50/24 dev wan3',
    'addr add 2001:db8:3::50/64 dev wan3 nodad',
    'link set wan3 up',
    ...defaults3.map((route) => `route add ${route}`),
  ])
})
afterAll(() => lab?.dispose())

/** By two lines or three, in turn; every second pair of rounds with all processors busy. */
function roundOf(index: number) {
  const lines = index % 8 < 4 ? 3 : 2
  const [drop] = outages.slice((index + Math.floor(index / 4)) % outages.length)
  const isBusy = index % 4 >= 2 !== Math.floor(index / 8) % 2 > 0
  return { lines, drop, duration: durations[index % 4] ?? 0, isBusy }
}

async function setLines(count: number): Promise<void> {
  await ipBatch(lab.network.host, [`link set wan3 ${count === 3 ? 'up' : 'down'}`])
  if (count === 3)
    await ipBatch(
      lab.network.host,
      defaults3.map((route) => `route replace ${route}`),
    )
  for (const family of ['-4', '-6'] as const) await untilCarriers(lab, ['wan1', 'wan2', 'wan3'].slice(0, count), family)
  await untilJudged(lab, 2 * count)
}

async function outage({ drop, duration, isBusy }: ReturnType<typeof roundOf>): Promise<void> {
  if (!drop) return
  const { on, rules } = drop
  const load: readonly Running[] = isBusy ? await cpus() : []
  try {
    await nftIn(lab.network[on], `table inet fault {\n${rules}}\n`)
    await pause(duration)
    await nftIn(lab.network[on], 'delete table inet fault\n')
    // Whatever is cut is cut when the first line is found to be back.
    await pause(3000)
  } finally {
    for (const one of load) await one.stop()
  }
}

test('common outages: no connection of IPv4 or IPv6 is cut, no line is held down or degraded afterwards', {
  timeout: 30_000 + rounds * 30_000,
}, async () => {
  await restart(lab)
  const failures: string[] = []
  const lost: string[] = []
  for (let index = 0; index < rounds; index++) {
    const round = roundOf(index)
    const name = `${index}: ${round.lines} lines, ${round.drop?.kind} for ${round.duration} ms${round.isBusy ? ', busy' : ''}`
    await setLines(round.lines)
    const sessions: readonly Sessions[] = [
      await openSessions(lab.network.host, 9, 3),
      await openSessions(lab.network.lan, 9, 3),
      await openSessions(lab.network.host, 9, 0, 20, addresses.server6),
      await openSessions(lab.network.lan, 9, 0, 20, addresses.server6),
    ]
    const before = lab.said().length
    await outage(round)
    const said = lab.said().slice(before)
    await untilJudged(lab, 2 * round.lines).catch((error: Error) => failures.push(`${name}: ${error.message}`))
    const results = (await Promise.all(sessions.map((group) => group.stop()))).flat()
    const cut = results.filter(({ error, peer }) => error !== null || peer.includes(' '))
    if (cut.length > 0) lost.push(`${name}: ${JSON.stringify(cut)}`)
    const moves = lab.told({ ...balancing, causes: isMore }, before)
    const judged = await health(lab)
    if (moves.length + cut.length > 0 || /"state":"offline"|"degraded":true/.test(judged))
      failures.push([name, ...said, JSON.stringify(moves), judged].join('\n'))
    if (rounds > 8) process.stdout.write(`  ${failures.length} of ${index + 1} bad: ${name}\n`)
  }
  record({
    name: `connections cut by ${rounds} outages of all lines at once`,
    value: lost.length,
    unit: 'rounds',
    limit: 0,
    release: 'namespaces',
    stack: 'static',
  })
  expect(failures).toEqual([])
})

test('afterwards a line that dies alone is out as ever, and comes back without any hold-down', async () => {
  await setLines(2)
  const before = lab.said().length
  await blackhole(lab.network, 2)
  await untilCarriers(lab, ['wan1'])
  await mend(lab.network, 2)
  await untilCarriers(lab, ['wan1', 'wan2'])
  const isSaid = async () =>
    lab.told(after({ kind: 'verdict', uplink: 'wan2', reason: /: 3 answers in a row$/ }), before).length > 0
  await until(lab, 'three answers were enough', isSaid)
})
