/**
 * Flow offload with the packaged program, on a kernel that has it: whose packets go past the rules, and what a failover
 * makes of them. Runs in the emulated machine; prints one JSON object.
 */
import { blackhole, mend } from '../../kernel/health-lab.ts'
import { restart, until, untilCarriers, untilJudged } from '../../kernel/health-states.ts'
import { command, inNamespace } from '../../lab/command.ts'
import { addresses } from '../../lab/names.ts'
import { openSessions } from '../../lab/traffic.ts'
import { packagedLab } from '../packaged-lab.ts'

const everyMs = 500
const each = 16
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Packets that a chain like everybody's sees: those in the fast path pass it by. */
const watcher = `table ip watch {
  counter slow { }
  chain forward {
    type filter hook forward priority -10
    ip daddr ${addresses.server} counter name slow
    ip saddr ${addresses.server} counter name slow
  }
}
`

const lab = await packagedLab()
const { host, lan } = lab.network
const inHost = async (...argv: readonly string[]) => (await command(inNamespace(host, argv))).stdout
const slow = async () =>
  Number(/packets (\d+)/.exec(await inHost('/usr/sbin/nft', 'list', 'counters', 'table', 'ip', 'watch'))?.[1])
const entries = async () =>
  (await inHost('/usr/sbin/conntrack', '-L', '-d', addresses.server))
    .split('\n')
    .filter((line) => /^(tcp|udp)/.test(line))
const offloaded = async () => (await entries()).filter((line) => line.includes('[OFFLOAD]'))
/** Of all sessions, both ways, as the kernel counts them for `ifbalance connections`. */
const packets = async () =>
  (await entries())
    .flatMap((line) => line.match(/packets=(\d+)/g) ?? [])
    .reduce((sum, text) => sum + Number(text.slice(8)), 0)
const markOf = (line: string) => (Number(/mark=(\d+)/.exec(line)?.[1]) >>> 24) & 0x3f

try {
  await restart(lab, '[balance]\noffload = yes\n')
  await untilJudged(lab)
  await untilCarriers(lab, ['wan1', 'wan2'])
  await command(inNamespace(host, ['/usr/sbin/nft', '-f', '-']), { input: watcher })
  await inHost('/usr/sbin/sysctl', '-qw', 'net.netfilter.nf_conntrack_acct=1')
  const sessions = await openSessions(lan, each, each, everyMs)
  await until(lab, 'all sessions are offloaded', async () => (await offloaded()).length >= 2 * each)
  const before = { slow: await slow(), packets: await packets(), at: performance.now() }
  await pause(5000)
  const sent = (2 * 2 * each * (performance.now() - before.at)) / everyMs
  const slowShare = ((await slow()) - before.slow) / sent
  const countedShare = ((await packets()) - before.packets) / sent
  const marksBefore = (await offloaded()).map(markOf)
  const plan = await lab.ifbalance(['plan'])

  await blackhole(lab.network, 2)
  const took = await untilCarriers(lab, ['wan1'])
  const isFree = async () => (await entries()).every((line) => markOf(line) !== 2)
  const freed = await until(lab, 'no connection is left on the dead line', isFree, 20_000)
  await until(
    lab,
    'the living ones are offloaded again',
    async () => (await offloaded()).length >= marksBefore.filter((mark) => mark === 1).length,
    20_000,
  )
  const marksAfter = (await offloaded()).map(markOf)
  await mend(lab.network, 2)
  const results = await sessions.stop()
  const isOpen = (line: string) => line.startsWith('tcp') && line.includes('[OFFLOAD]')
  await until(lab, 'what has ended is in the flowtable no more', async () => !(await entries()).some(isOpen), 20_000)
  const one = results.filter(({ peer }) => peer === addresses.publicOf(1))
  const two = results.filter(({ peer }) => peer.startsWith(addresses.publicOf(2)) || peer.includes(','))
  process.stdout.write(
    `${JSON.stringify({
      slowShare,
      countedShare,
      plan: plan.trim(),
      offloadedBefore: [1, 2].map((number) => marksBefore.filter((mark) => mark === number).length),
      offloadedAfter: [1, 2].map((number) => marksAfter.filter((mark) => mark === number).length),
      took,
      freed,
      healthy: one.length,
      healthyLost: one.filter(({ lost, error }) => lost > 0 || error !== null).length,
      dead: two.length,
    })}\n`,
  )
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: `${error}\n${lab.said().join('\n')}` })}\n`)
} finally {
  await lab.dispose()
}
process.exit(0)
