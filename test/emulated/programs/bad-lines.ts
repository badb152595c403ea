/**
 * Lines that are bad rather than dead, made by netem, behind a host with the packaged program on it. Runs in the emulated
 * machine; prints one JSON object, a scenario's name -> what was seen, or its error.
 *
 * Connections come from the LAN: before Linux 6.16, the host's own TCP connections to one address and port all hash alike,
 * as the route is chosen before the source port is.
 */
import { type HealthLab, namespaceOf } from '../../kernel/health-lab.ts'
import { carriers, health, restart, until, untilCarriers, untilJudged } from '../../kernel/health-states.ts'
import { command, inNamespace, monotonicMs } from '../../lab/command.ts'
import { addresses } from '../../lab/names.ts'
import { enoughForEach } from '../../lab/shares.ts'
import { type Attempt, connections, countByPeer, openSessions, stream } from '../../lab/traffic.ts'
import { packagedLab } from '../packaged-lab.ts'
import type { Scenario, Seen } from '../seen.ts'

const [one, two] = [addresses.publicOf(1), addresses.publicOf(2)]
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** What line 2 does to packets that come in from the internet, or that go out to it. */
async function spoil(lab: HealthLab, direction: 'in' | 'out', netem: readonly string[] | null): Promise<void> {
  const device = direction === 'in' ? 'sub' : 'core'
  const tc = netem === null ? ['del', 'dev', device, 'root'] : ['replace', 'dev', device, 'root', 'netem', ...netem]
  await command(inNamespace(namespaceOf(lab.network, 2), ['/usr/sbin/tc', 'qdisc', ...tc]))
}

function share(attempts: readonly Attempt[], of: (attempt: Attempt) => boolean): number {
  return attempts.filter(of).length / attempts.length
}

const isOfTwo = (attempt: Attempt) => 'peer' in attempt && attempt.peer === two
const isGood = (attempt: Attempt) => 'peer' in attempt

/** Line 2 as the daemon has it. */
async function lineTwo(lab: HealthLab): Promise<{ readonly state: string; readonly degraded: boolean }> {
  return JSON.parse(await health(lab)).health.wan2.inet
}

/** How long it took until line 2 is used last, as it works badly, in ms. */
async function untilDegraded(lab: HealthLab): Promise<number> {
  const isDegraded = async () => {
    const { state, degraded } = await lineTwo(lab)
    return state === 'online' && degraded
  }
  const took = await until(lab, 'wan2 is online and degraded', isDegraded, 60_000)
  // That is known before a round has made routes of it.
  await untilCarriers(lab, ['wan1'])
  return took
}

async function healthySessionsLost(sessions: Awaited<ReturnType<typeof openSessions>>): Promise<Seen> {
  const healthy = (await sessions.stop()).filter(({ peer }) => peer === one)
  return {
    healthy: healthy.length,
    healthyLost: healthy.filter(({ lost, error }) => lost > 0 || error !== null).length,
  }
}

const scenarios: Readonly<Record<Scenario, (lab: HealthLab) => Promise<Seen>>> = {
  latency: async (lab) => {
    const sessions = await openSessions(lab.network.lan, 16, 16, 650)
    await spoil(lab, 'in', ['delay', '3s', 'limit', '10000'])
    const left = await untilCarriers(lab, ['wan1'])
    const during = await connections(lab.network.lan, 15)
    // It works, badly: that is known from its own answers.
    const demoted = await untilDegraded(lab)
    const carriersThen = (await carriers(lab)).join()
    const lost = await healthySessionsLost(sessions)
    // Used last is not lost: without the other one it carries.
    await command(inNamespace(namespaceOf(lab.network, 1), ['/usr/sbin/ip', 'link', 'set', 'sub', 'down']))
    await untilCarriers(lab, ['wan2'])
    const alone = await connections(lab.network.lan, 2, { timeoutMs: 20_000 })
    await command(inNamespace(namespaceOf(lab.network, 1), ['/usr/sbin/ip', 'link', 'set', 'sub', 'up']))
    await untilCarriers(lab, ['wan1'])
    await spoil(lab, 'in', null)
    const back = await untilCarriers(lab, ['wan1', 'wan2'], '-4', 120_000)
    const shares = {
      goodDuring: share(during, isGood),
      badLineDuring: share(during, isOfTwo),
      goodAlone: share(alone, isGood),
    }
    return { left, demoted, back, carriers: carriersThen, ...shares, ...lost }
  },

  loss: async (lab) => {
    const sessions = await openSessions(lab.network.lan, 16, 16, 650)
    await spoil(lab, 'out', ['loss', '100%'])
    const left = await untilCarriers(lab, ['wan1'])
    const during = await connections(lab.network.lan, 15)
    await spoil(lab, 'out', null)
    const back = await untilCarriers(lab, ['wan1', 'wan2'], '-4', 60_000)
    await spoil(lab, 'in', ['loss', '100%'])
    const leftAgain = await untilCarriers(lab, ['wan1'])
    const duringAgain = await connections(lab.network.lan, 15)
    const both = [...during, ...duringAgain]
    const lost = await healthySessionsLost(sessions)
    return { left, back, leftAgain, goodDuring: share(both, isGood), badLineDuring: share(both, isOfTwo), ...lost }
  },

  'lossy line': async (lab) => {
    // As often as that, hundred probes are soon sent.
    await restart(lab, '[uplink wan2]\nprobe-interval = 0.3\n')
    await untilCarriers(lab, ['wan1', 'wan2'])
    await spoil(lab, 'in', ['loss', '45%'])
    // One in twelve times, all of a few bursts are lost before so much is known, and the line is out for a moment.
    const demoted = await untilDegraded(lab)
    return { demoted, carriers: (await carriers(lab)).join() }
  },

  clock: async (lab) => {
    const move = (to: string) => command(['/usr/bin/date', '--set', to])
    const sessions = await openSessions(lab.network.lan, 16, 16, 650)
    await move('+1 day')
    const ahead = await connections(lab.network.lan, 16)
    await pause(3000)
    await move('-2 days')
    const back = await connections(lab.network.lan, 16)
    await pause(3000)
    const both = [...ahead, ...back]
    const carriersThen = (await carriers(lab)).join()
    const failures = lab.told({ event: 'uplink', to: 'offline' }).length
    await move('+1 day')
    const lost = await healthySessionsLost(sessions)
    return {
      carriers: carriersThen,
      failures,
      goodDuring: share(both, isGood),
      badLineDuring: share(both, isOfTwo),
      ...lost,
    }
  },

  brownout: async (lab) => {
    const sessions = await openSessions(lab.network.lan, 16, 16, 650)
    const flow = await stream(lab.network.lan, 400)
    const begun = monotonicMs()
    for (let round = 0; round < 4; round++) {
      await spoil(lab, 'in', ['loss', '100%'])
      await pause(3000)
      await spoil(lab, 'in', null)
      await pause(6000)
    }
    const end = monotonicMs()
    const all = (await flow.stop()).filter(({ at }) => at >= begun && at < end)
    const failures = lab.told({ event: 'uplink', uplink: 'wan2', to: 'offline' }).length
    const lost = await healthySessionsLost(sessions)
    const back = await untilCarriers(lab, ['wan1', 'wan2'], '-4', 300_000)
    const after = countByPeer(await connections(lab.network.lan, enoughForEach(0.5)))
    return { failures, back, good: share(all, isGood), badLineAfter: after[two] ?? 0, ...lost }
  },
}

const wanted = process.argv.slice(2)
const results: Record<string, Seen> = {}
const lab = await packagedLab()
try {
  for (const [name, play] of Object.entries(scenarios)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const begun = monotonicMs()
    try {
      await restart(lab)
      await untilJudged(lab)
      await untilCarriers(lab, ['wan1', 'wan2'])
      const before = await connections(lab.network.lan, enoughForEach(0.5))
      results[name] = { badLineBefore: share(before, isOfTwo), ...(await play(lab)) }
    } catch (error) {
      results[name] = { error: `${error}\n${lab.said().join('\n')}` }
    }
    for (const direction of ['in', 'out'] as const) await spoil(lab, direction, null).catch(() => undefined)
    process.stderr.write(`${name}: ${Math.round(monotonicMs() - begun)} ms\n${lab.said().join('\n')}\n`)
  }
} finally {
  await lab.dispose()
}
process.stdout.write(`${JSON.stringify(results)}\n`)
process.exit(0)
