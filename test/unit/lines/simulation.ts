/** A line as probes and traffic see it, in fast motion: a random but repeatable history of losses and delays. */

import { burstCount, burstGapMs } from '../../../src/lines/burst.ts'
import { advanceTogether } from '../../../src/lines/family.ts'
import { isWatchful, newLine, probeIntervalMs } from '../../../src/lines/machine.ts'
import type { LineEvent, LineSettings, PathHealth } from '../../../src/lines/path-health.ts'
import { probeSettings } from '../../../src/lines/settings.ts'
import type { Config } from '../../../src/model/config.ts'

export interface World {
  /** Whether what is sent now is answered, and after how long; null: lost. */
  readonly answer: (now: number, random: () => number) => number | null
  /** Packets sent by others, and how many of them want an answer, in the tick that begins now. */
  readonly traffic?: (now: number, random: () => number) => { readonly sent: number; readonly noise?: number }
}

export interface History {
  readonly changes: readonly { readonly at: number; readonly state: PathHealth['state']; readonly degraded: boolean }[]
  readonly failovers: number
  readonly bursts: number
  /** Both directions, of background probes and bursts. */
  readonly probeBytes: number
  readonly line: PathHealth
}

/** IP header, ICMP header, ping's 16 bytes. */
const packetBytes = 20 + 8 + 16

/** As often as the daemon ticks: daemon/ticker.ts. */
const tickMs = 100
const slowTickMs = 600

export const config = (uplink: Partial<Config['uplinks'][number]> = {}): Config => ({
  balance: { mode: 'connection', adopt: 'auto', masquerade: 'auto', lastResort: 'main' },
  layout: { markShift: 24, tableBase: 30000, ruleBase: 20000 },
  uplinks: [{ name: 'wan1', interface: 'wan1', enabled: true, ...uplink }],
  rules: [],
})

export const settingsOf = (uplink: Partial<Config['uplinks'][number]> = {}) =>
  probeSettings('wan1', 'wan1', 'inet', config(uplink))

/** mulberry32: small, and the same on every machine. */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export function simulate(
  world: World,
  durationMs: number,
  settings: LineSettings & { readonly targets: readonly string[] },
  seed = 1,
): History {
  const random = generator(seed)
  let line = newLine(0, settings)
  let bytes = 0
  let bursts = 0
  let failovers = 0
  let [rx, tx] = [0, 0]
  let nextProbe = 0
  let nextTick = 0
  const changes: { at: number; state: PathHealth['state']; degraded: boolean }[] = []
  /** What will be seen, by time. */
  const pending: { readonly at: number; readonly event: LineEvent | null; readonly answered?: boolean }[] = []
  const later = (at: number, event: LineEvent | null, answered = false) => {
    const index = pending.findIndex((other) => other.at > at)
    pending.splice(index < 0 ? pending.length : index, 0, { at, event, answered })
  }

  function send(event: LineEvent, now: number): void {
    const before = line
    // Beside another uplink, which nobody probes: whatever is silent is dead then.
    const next = advanceTogether(new Map([['wan1', { line, settings }]]), [{ key: 'wan1', event }], now, true)
    line = next.lines.get('wan1') ?? line
    if (line.state !== before.state || line.degraded !== before.degraded)
      changes.push({ at: now, state: line.state, degraded: line.degraded })
    if (line.state === 'offline' && before.state !== 'offline') failovers++
    for (const { effect } of next.effects) if (effect.kind === 'burst') burst(effect.timeoutMs, now)
  }

  /** One packet out at `at`; when its answer is here. */
  function packet(at: number): number | null {
    bytes += packetBytes
    const rtt = world.answer(at, random)
    if (rtt !== null) bytes += packetBytes
    return rtt
  }

  function burst(timeoutMs: number, now: number): void {
    bursts++
    const deadline = now + (burstCount - 1) * burstGapMs + timeoutMs
    const arrivals = settings.targets.flatMap(() => {
      const times: number[] = []
      for (let i = 0; i < burstCount; i++) {
        const sentAt = now + i * burstGapMs
        tx++
        const rtt = packet(sentAt)
        if (rtt !== null && sentAt + rtt <= deadline) times.push(sentAt + rtt)
      }
      return times.length === 0 ? [] : [Math.min(...times)]
    })
    const sorted = arrivals.toSorted((a, b) => a - b)
    const enough = sorted[settings.quorum - 1]
    const answered = enough === undefined ? sorted.length : settings.quorum
    if (answered > 0) later(sorted[0] ?? now, null, true)
    later(enough ?? deadline, {
      kind: 'burst',
      answered,
      targets: settings.targets.length,
      unknown: 0,
      spanMs: (burstCount - 1) * burstGapMs,
      rttMs: sorted[0] === undefined ? null : sorted[0] - now,
    })
  }

  for (let now = 0; now <= durationMs; now += tickMs) {
    for (let first = pending[0]; first && first.at <= now; first = pending[0]) {
      pending.shift()
      if (first.answered) rx++
      if (first.event) send(first.event, first.at)
    }
    if (now >= nextProbe) {
      const interval = probeIntervalMs(line, settings)
      nextProbe = now + interval
      tx++
      const rtt = packet(now)
      // ping -O tells of a missing answer when the next request leaves.
      if (rtt === null || rtt > interval) later(now + interval, { kind: 'miss' })
      if (rtt !== null) later(now + rtt, { kind: 'answer', rttMs: rtt }, true)
    }
    const { sent, noise = 0 } = world.traffic?.(now, random) ?? { sent: 0 }
    tx += sent
    rx += noise
    for (let i = 0; i < sent; i++) {
      const rtt = world.answer(now, random)
      if (rtt !== null) later(now + rtt, null, true)
    }
    if (now < nextTick) continue
    send({ kind: 'tick', counters: { rx, tx } }, now)
    nextTick = now + (isWatchful(line, now) ? tickMs : slowTickMs)
  }
  return { changes, failovers, bursts, probeBytes: bytes, line }
}
