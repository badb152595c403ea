/** What a blackhole, a lost carrier and their end cost a tunnel, with the daemon and without. */
import { mkdtempSync, rmSync } from 'node:fs'
import { blackhole, type HealthLab, mend, namespaceOf } from '../../kernel/health-lab.ts'
import { carriers, restart, untilJudged } from '../../kernel/health-states.ts'
import { command, inNamespace, ipBatch, monotonicMs, nftIn, type Running, start } from '../command.ts'
import { addresses } from '../names.ts'
import type { Tunnel } from './kinds.ts'

export interface TunnelResult {
  readonly tunnel: string
  readonly ours: boolean
  /** ms of silence from the verdict (with the daemon), or from the fault; null: not before the line was mended, or not in three minutes. */
  readonly blackhole: number | null
  /** ms from the line's being mended, where it was silent until then. */
  readonly mended: number | null
  /**
   * ms of silence from the verdict, or from the fault, in whose moment the address is taken away, as a network manager does; null: not
   * in three minutes, or not tried, as it had not come back.
   */
  readonly carrier: number | null
  /** ms until it goes by the better line again; null: not in a minute. */
  readonly back: number | null
  /** The longest silence meanwhile, in ms. */
  readonly backSilence: number
}

const longestMs = 180_000
const longestBackMs = 60_000
const deadMs = 30_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export async function playTunnel(lab: HealthLab, tunnel: Tunnel, ours: boolean): Promise<TunnelResult> {
  const folder = mkdtempSync('/tmp/tunnel-')
  const running: Running[] = []
  const script = (text: string) => ['/usr/bin/env', `DIR=${folder}`, '/bin/sh', '-c', text]
  try {
    await command(script(tunnel.prepare), { timeoutMs: longestMs })
    const far = script(`mount -t tmpfs t /run; ${tunnel.far}`)
    running.push(await start(inNamespace(lab.network.internet, ['/usr/bin/unshare', '-m', ...far])))
    await countAtProviders(lab)
    if (ours) {
      await restart(lab, '[uplink wan2]\nstandby = yes\n')
      await untilJudged(lab)
    }
    running.push(await lab.start(script(tunnel.near)))
    return await events(lab, tunnel, ours, () => running.map((one) => one.stderr()).join('\n'))
  } finally {
    for (const one of running.reverse()) await stopGroup(one)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** With what its script has started. */
async function stopGroup({ pid, ended }: Running): Promise<void> {
  try {
    process.kill(-pid, 'SIGTERM')
    await Promise.race([ended, pause(2000)])
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
  await ended
}

async function countAtProviders(lab: HealthLab): Promise<void> {
  for (const number of [1, 2] as const)
    await nftIn(
      namespaceOf(lab.network, number),
      `table ip tunnel {
         counter seen { }
         chain forward { type filter hook forward priority -10; ip daddr ${addresses.server} meta l4proto != icmp counter name seen; }
       }
      `,
    )
}

async function events(lab: HealthLab, tunnel: Tunnel, ours: boolean, said: () => string): Promise<TunnelResult> {
  const source = tunnel.source === undefined ? [] : ['-I', tunnel.source]
  const asking = await lab.start([
    '/bin/sh',
    '-c',
    'while :; do ping -n -i 0.2 "$@"; sleep 0.2; done',
    'sh',
    ...source,
    tunnel.inside,
  ])
  let [last, gap] = [monotonicMs(), 0]
  asking.onLine((line) => {
    if (!line.includes(' bytes from ') || line.includes('nreachable')) return
    gap = Math.max(gap, monotonicMs() - last)
    last = monotonicMs()
  })
  /** Gives the ms until something answers; what comes in the moment of the fault was on its way. */
  const untilAnswers = async (from: number, atMost: number): Promise<number | null> => {
    while (!(last > from + 50)) {
      if (monotonicMs() - from > atMost) return null
      await pause(20)
    }
    return last - from
  }
  const seenBy = async (number: 1 | 2) => {
    const list = ['/usr/sbin/nft', 'list', 'counter', 'ip', 'tunnel', 'seen']
    const { stdout } = await command(inNamespace(namespaceOf(lab.network, number), list))
    return Number(/packets (\d+)/.exec(stdout)?.[1])
  }
  /** Gives the ms until three packets a second go by this line, and something answers. */
  const untilBy = async (number: 1 | 2, atMost: number): Promise<number | null> => {
    const from = monotonicMs()
    for (;;) {
      const before = await seenBy(number)
      await pause(1000)
      if ((await seenBy(number)) >= before + 3 && monotonicMs() - last < 900) return monotonicMs() - from
      if (monotonicMs() - from > atMost) return null
    }
  }
  const untilCarried = async (device: string) => {
    while (ours && (await carriers(lab)).join() !== device) await pause(20)
    return monotonicMs()
  }
  try {
    if ((await untilBy(1, longestMs)) === null) throw new Error(`${tunnel.name} never answers by wan1:\n${said()}`)
    await blackhole(lab.network, 1)
    const silence = await untilAnswers(await untilCarried('wan2'), ours ? longestMs : deadMs)
    await mend(lab.network, 1)
    const mended = silence === null ? await untilAnswers(monotonicMs(), longestMs) : null
    await untilCarried('wan1')
    gap = 0
    const back = await untilBy(1, longestBackMs)
    const backSilence = Math.max(gap, monotonicMs() - last)
    const result = { tunnel: tunnel.name, ours, blackhole: silence, mended, back, backSilence }
    if (back === null) return { ...result, carrier: null }
    // A tunnel that has been moved twice waits for four seconds.
    await pause(5000)
    await lab.network.isps[0].setCarrier(false)
    // What a network manager does then.
    await ipBatch(lab.network.host, ['address delete 10.1.0.50/24 dev wan1'])
    return { ...result, carrier: await untilAnswers(await untilCarried('wan2'), longestMs) }
  } finally {
    process.kill(-asking.pid, 'SIGKILL')
    await asking.ended
  }
}
