/** One line as the daemon watches it, and how it is told to people and to rounds. */
import type { LineHealth } from '../model.ts'
import type { Line } from './line.ts'
import type { Answer, Burst, Way } from './probes.ts'
import { lossOf } from './quality.ts'
import type { ProbeSettings } from './settings.ts'

export interface Track {
  readonly way: Way
  readonly settings: ProbeSettings
  /** Changes with everything that a running probe was started for. */
  readonly key: string
  line: Line
  target: number
  lastProbe: string | null
  /** It is offline, and nobody is told yet: the burst that said so began then. */
  withheldSince: number | null
  background: { readonly intervalMs: number; readonly stop: () => void } | null
  stopBurst: () => void
}

export function keyOf({ uplink, family }: Way): string {
  return `${uplink} ${family}`
}

export function verdict({ way, line }: Track): string {
  const family = way.family === 'inet' ? 'IPv4' : 'IPv6'
  const state = line.state !== 'offline' && line.degraded ? 'degraded' : line.state
  return `${way.uplink} ${state} over ${family}: ${line.why}`
}

export function answerText({ target, rttMs }: Answer): string {
  return rttMs === null ? `${target} did not answer` : `${target} answered in ${Math.round(rttMs * 10) / 10} ms`
}

export function burstText({ answers, gateway }: Burst): string {
  const texts = answers.map(answerText)
  return [...texts, ...(gateway === null ? [] : [`the gateway ${gateway ? 'answered' : 'did not answer'}`])].join(', ')
}

/** A quota counts for lines that nobody probes as well. */
export function withQuota(line: LineHealth | undefined, atQuota: 'demote' | 'disable' | null): LineHealth | undefined {
  if (atQuota === null) return line
  const blank = { state: 'online', since: Date.now(), latencyMs: null, loss: 0, lastProbe: null } as const
  return {
    ...(line ?? blank),
    degraded: true,
    why: 'its quota is used up',
    ...(atQuota === 'disable' ? { barred: true } : {}),
  }
}

export function toHealth({ line, lastProbe, withheldSince }: Track, now: number): LineHealth {
  return {
    state: withheldSince === null ? line.state : 'suspect',
    degraded: line.degraded,
    since: Math.round(Date.now() - (now - line.since)),
    why: line.why,
    latencyMs: line.rtt && Math.round(line.rtt.smooth * 10) / 10,
    loss: Math.round(lossOf(line) * 1000) / 1000,
    lastProbe,
  }
}
