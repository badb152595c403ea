/** What fails on all lines at once: it costs no connection, and no line is the worse for it afterwards. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ipBatch, nftIn, type Running } from '../lab/command.ts'
import { openIsp } from '../lab/isp.ts'
import { record } from '../lab/measurements.ts'
import { addresses } from '../lab/names.ts'
import { giveLanIpv6 } from '../lab/network.ts'
import { hangsMs } from '../lab/patience.ts'
import { openSessions, type SessionResult, type Sessions } from '../lab/traffic.ts'
import { blackhole, type HealthLab, healthLab, mend } from './health-lab.ts'
import { health, restart, until, untilCarriers, untilJudged } from './health-states.ts'
import { after, balancing } from './transcript.ts'

/**
 * `npm run test:outages` has 100, or IFBALANCE_ROUNDS, for figures that count, and 32 more with eight lines or of half a
 * minute: 35 minutes on a busy machine.
 */
const rounds = Number(process.env['IFBALANCE_ROUNDS'] ?? 8)

const durations = [300, 1000, 3000, 8000]
/** With eight lines, too, and as long as a provider's router takes to start anew. */
const isLong = rounds > 8
const mostLines = isLong ? 8 : 3

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

/** Beyond the lab's own two. */
const moreLines = Array.from({ length: mostLines - 2 }, (_, index) => index + 3)
/** These go with the link. */
const defaultsOf = (i: number) =>
  [`10.${i}.0.1`, `2001:db8:${i}::1`].map((gateway) => `default via ${gateway} dev wan${i} metric 10${i}`)

let lab: HealthLab
/** Whether what is alive answers within two seconds of the end of an outage: see NetworkOptions. */
const isPrompt = existsSync('/proc/sys/net/ipv4/tcp_rto_max_ms')

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const cpus = () => Promise.all([1, 2].map(() => lab.start(['/bin/sh', '-c', 'while :; do :; done'])))

beforeAll(async () => {
  lab = await healthLab({ ipv6: true, resendsSoon: isPrompt })
  const { host, internet } = lab.network
  await giveLanIpv6(lab.network)
  for (const i of moreLines) {
    await openIsp(lab.undo, i, { host, internet }, { ipv6: true })
    // An address of IPv6 would go with the link.
    await lab.exec(['/usr/sbin/sysctl', '-qw', `net.ipv6.conf.wan${i}.keep_addr_on_down=1`])
    await ipBatch(host, [
      `addr add 10.${i}.0.50/24 dev wan${i}`,
      `addr add 2001:db8:${i}::50/64 dev wan${i} nodad`,
      `link set wan${i} up`,
      ...defaultsOf(i).map((route) => `route add ${route}`),
    ])
  }
})
afterAll(() => lab?.dispose())

interface Round {
  readonly lines: number
  readonly drop: Drop | undefined
  readonly duration: number
  readonly isBusy: boolean
}

/** By two lines or three, in turn; every second pair of rounds with all processors busy. */
function roundOf(index: number): Round {
  const lines = index % 8 < 4 ? 3 : 2
  const [drop] = outages.slice((index + Math.floor(index / 4)) % outages.length)
  const isBusy = index % 4 >= 2 !== Math.floor(index / 8) % 2 > 0
  return { lines, drop, duration: durations[index % 4] ?? 0, isBusy }
}

/** Each kind of outage by eight lines, at rest and busy, and a long one by fewer. */
const longRounds = outages.flatMap((drop, index) => [
  ...[300, 3000, 30_000].flatMap((duration) => [false, true].map((isBusy) => ({ lines: 8, drop, duration, isBusy }))),
  ...[2, 3].map((lines) => ({ lines, drop, duration: 30_000, isBusy: (index + lines) % 2 === 0 })),
])

const allRounds: readonly Round[] = [
  ...Array.from({ length: rounds }, (_, index) => roundOf(index)),
  ...(isLong ? longRounds : []),
]

async function setLines(count: number): Promise<void> {
  const { host } = lab.network
  const isUsed = (i: number) => i <= count
  await ipBatch(
    host,
    moreLines.map((i) => `link set wan${i} ${isUsed(i) ? 'up' : 'down'}`),
  )
  await ipBatch(
    host,
    moreLines.filter(isUsed).flatMap((i) => defaultsOf(i).map((route) => `route replace ${route}`)),
  )
  const names = Array.from({ length: count }, (_, index) => `wan${index + 1}`)
  for (const family of ['-4', '-6'] as const) await untilCarriers(lab, names, family)
  await untilJudged(lab, 2 * count)
}

async function outage({ drop, duration, isBusy }: Round): Promise<void> {
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
  timeout: hangsMs + allRounds.length * 60_000,
}, async () => {
  await restart(lab)
  const failures: string[] = []
  const lost: string[] = []
  for (const [index, round] of allRounds.entries()) {
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
    const isSilent = ({ protocol, lost }: SessionResult) => isPrompt && protocol === 'tcp' && lost > 0
    const cut = results.filter((one) => one.error !== null || one.peer.includes(' ') || isSilent(one))
    if (cut.length > 0) lost.push(name)
    // The sessions' own pace may pass for what a line can carry: weights change nobody's line.
    const isMove = (carrying: readonly string[]) => carrying.length < round.lines
    const moves = lab.told({ ...balancing, carrying: isMove }, before)
    const judged = await health(lab)
    if (moves.length + cut.length > 0 || /"state":"offline"|"degraded":true/.test(judged))
      failures.push([name, JSON.stringify(cut), ...said, JSON.stringify(moves), judged].join('\n'))
    if (isLong) process.stdout.write(`  ${failures.length} of ${index + 1} bad: ${name}\n`)
  }
  expect(failures).toEqual([])
  record({
    name: `connections cut by ${allRounds.length} outages of all lines at once`,
    value: lost.length,
    unit: 'rounds',
    limit: 0,
    release: 'namespaces',
    stack: 'static',
  })
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
