/** Keeps one state machine a line, feeds it with what is seen, does what it asks, and tells who is usable. */
import type { Config, Desired, Family, Health, LineHealth, Route, Uplink } from '../model.ts'
import { type Counters, readCounters } from '../observe/counters.ts'
import type { Pulse } from '../watch/pulse.ts'
import { unableToStray } from './elsewhere.ts'
import { readHealth, writeEveryMs, writeHealth } from './facts.ts'
import { watchFailback } from './failback-watch.ts'
import type { Line, LineEffect, LineEvent } from './line.ts'
import { advance, isWatchful, newLine, probeIntervalMs } from './machine.ts'
import { type Answer, isBroken, probeAll, probeOn, type Way } from './probes.ts'
import { keepQuotas } from './quotas.ts'
import { type ProbeSettings, probeSettings } from './settings.ts'
import { answerText, burstText, keyOf, type Track, toHealth, verdict, withQuota } from './track.ts'
import { createUserHooks } from './user-hooks.ts'
import { waysOf } from './ways.ts'

export interface HealthWatch {
  /** What is to be watched from now on: after each round. */
  readonly update: (desired: Desired, config: Config, routes: readonly Route[]) => void
  readonly stop: () => void
}

/** Has `balance` do its work, with the reason for the log, when an uplink becomes usable or stops being it. */
export function watchHealth(pulse: Pulse, balance: (reason: string) => Promise<unknown>): HealthWatch {
  const tracks = new Map<string, Track>()
  let ways: readonly Way[] = []
  const quotas = keepQuotas(pulse, (reason) => {
    publish()
    onVerdict(reason)
  })
  const userHooks = createUserHooks()
  const failback = watchFailback(pulse)
  /** From a daemon before us: an offline line need not carry connections once more to be found out. */
  let inherited: Health = readHealth()
  let begun = false
  let broken = false
  const clock = () => performance.now()
  // It fails only while the daemon stops.
  const onVerdict = (reason: string) => void balance(reason).catch(() => undefined)

  function send(track: Track, event: LineEvent): void {
    const before = track.line
    const { line, effects } = advance(before, event, clock(), track.settings)
    track.line = line
    for (const effect of effects) act(track, effect)
    keepProbing(track)
    if (event.kind === 'answer' && isOnlyHope(track)) {
      doubtVerdicts(track)
      return
    }
    if (line.state === before.state && line.degraded === before.degraded) return
    const isNews = line.state === 'offline' && before.state !== 'offline'
    if (isNews) withhold(track, before.burst?.began ?? clock())
    if (before.state === 'offline' && line.state === 'online') doubtVerdicts(track)
    for (const other of peersOf(track)) release(other)
    release(track)
    publish()
    const usable = ({ state, degraded }: Line) => `${state === 'offline'} ${degraded}`
    if (!isNews && track.withheldSince === null && usable(line) !== usable(before)) onVerdict(verdict(track))
  }

  function peersOf({ way }: Track): readonly Track[] {
    return [...tracks.values()].filter((other) => other.way.family === way.family && other.way.uplink !== way.uplink)
  }

  /**
   * What fails everywhere at once is not the lines, and must not cost a connection. Until one of the others has shown that
   * it is alive, the verdict waits; two are asked, which takes a round trip.
   */
  function withhold(track: Track, since: number): void {
    track.withheldSince = since
    const alive = peersOf(track).filter(({ line }) => line.state !== 'offline')
    if (alive.some(({ line }) => line.answeredAt >= since)) return
    const cheapest = alive.toSorted((a, b) => a.settings.intervalMs - b.settings.intervalMs).slice(0, 2)
    for (const other of cheapest) if (other.line.state === 'online') send(other, { kind: 'recheck' })
  }

  function release(track: Track): void {
    const since = track.withheldSince
    if (since === null) return
    const others = peersOf(track).map(({ line }) => line)
    const isProven = others.some(({ state, answeredAt }) => state === 'online' && answeredAt >= since)
    if (!isProven && others.some(({ state }) => state === 'suspect')) return
    track.withheldSince = null
    if (track.line.state === 'offline') {
      publish()
      onVerdict(verdict(track))
    }
  }

  /** It answers again, and nothing else does: there is no reason to hold it down. */
  function isOnlyHope(track: Track): boolean {
    const { line, settings } = track
    const isBack = line.state === 'offline' && line.answers >= settings.countUp
    return isBack && peersOf(track).every((other) => other.line.state === 'offline')
  }

  /** The first line that is back after all had failed: the others may be, too, and are not to be cut. */
  function doubtVerdicts(track: Track): void {
    const others = peersOf(track)
    if (others.some(({ line }) => line.state !== 'offline')) return
    for (const one of [track, ...others]) if (one.line.state === 'offline') send(one, { kind: 'recheck' })
  }

  function act(track: Track, effect: LineEffect): void {
    if (effect.kind === 'next-target') {
      track.target = (track.target + 1) % track.settings.targets.length
      stopBackground(track)
      return
    }
    track.stopBurst()
    track.stopBurst = probeAll(track.way, track.settings, effect.timeoutMs, (burst) => {
      track.lastProbe = burstText(burst)
      const times = burst.answers.flatMap(({ rttMs }) => (rttMs === null ? [] : [rttMs]))
      send(track, {
        kind: 'burst',
        answered: times.length,
        targets: track.settings.targets.length,
        rttMs: times.length === 0 ? null : Math.min(...times),
      })
    })
  }

  function keepProbing(track: Track): void {
    const intervalMs = probeIntervalMs(track.line, track.settings)
    if (track.background?.intervalMs === intervalMs) return
    stopBackground(track)
    const target = track.settings.targets[track.target] ?? ''
    const onAnswer = ({ rttMs }: Answer) => {
      track.lastProbe = answerText({ target, rttMs })
      send(track, rttMs === null ? { kind: 'miss' } : { kind: 'answer', rttMs })
      pulse.awake()
    }
    const stop = probeOn(track.way, track.settings, target, intervalMs, onAnswer, (cause) => {
      if (isBroken(cause)) giveUp()
      else setTimeout(() => stopIfSame(track, own), 5000)
    })
    const own = { intervalMs, stop }
    track.background = own
  }

  /** One that ended by itself (no route for a moment) is started again by the next event. */
  function stopIfSame(track: Track, background: Track['background']): void {
    if (track.background === background) track.background = null
  }

  function giveUp(): void {
    broken = true
    for (const key of [...tracks.keys()]) drop(key)
    publish()
    onVerdict('probes do not work')
  }

  function drop(key: string): void {
    const track = tracks.get(key)
    if (!track) return
    stopBackground(track)
    track.stopBurst()
    tracks.delete(key)
  }

  function update(desired: Desired, config: Config, routes: readonly Route[]): void {
    const { uplinks } = desired
    begun = true
    watchLines(uplinks, config, routes)
    inherited = {}
    quotas.update(uplinks, config)
    failback.update(desired, config)
    userHooks.tell(uplinks, (name) => reasonOf(name))
  }

  function reasonOf(uplink: string): string {
    const lines = [...tracks.values()].filter(({ way }) => way.uplink === uplink)
    return lines.map(verdict).join('; ')
  }

  function watchLines(uplinks: readonly Uplink[], config: Config, routes: readonly Route[]): void {
    ways = waysOf(uplinks)
    const wanted = broken ? [] : ways.map((way) => settingsFor(way, config, routes))
    const kept = new Set(wanted.map(({ way }) => keyOf(way)))
    for (const key of [...tracks.keys()]) if (!kept.has(key)) drop(key)
    for (const { way, settings, key } of wanted) {
      const known = tracks.get(keyOf(way))
      if (known?.key === key) continue
      drop(keyOf(way))
      if (settings.kind === 'none') continue
      const line = known?.line ?? firstLine(way, settings)
      const track: Track = {
        ...{ way, settings, key, line, target: 0, lastProbe: null, withheldSince: null, background: null },
        stopBurst: () => undefined,
      }
      tracks.set(keyOf(way), track)
      if (known) send(track, { kind: 'moved' })
      // A new line's first verdict is waited for.
      else pulse.hurry()
      publish()
    }
  }

  function firstLine(way: Way, settings: ProbeSettings): Line {
    const line = newLine(clock(), settings)
    const former = inherited[way.uplink]?.[way.family]
    return former?.state === 'offline' ? { ...line, state: 'offline', why: former.why } : line
  }

  function tick(): 'soon' | undefined {
    if (tracks.size === 0) return undefined
    const counters = readCounters()
    for (const track of [...tracks.values()]) {
      send(track, { kind: 'tick', counters: countersOf(track, counters) })
      // Whom it waited for may have lost its link.
      release(track)
    }
    const isClose = ({ line, withheldSince }: Track) => withheldSince !== null || isWatchful(line, clock())
    return [...tracks.values()].some(isClose) ? 'soon' : undefined
  }

  function publish(): undefined {
    // What the daemon before us said holds until we know the uplinks.
    if (!begun) return
    const health: Record<string, Partial<Record<Family, LineHealth>>> = {}
    for (const way of ways) {
      const track = tracks.get(keyOf(way))
      const line = withQuota(track && toHealth(track, clock()), quotas.verdict(way.uplink))
      if (line) health[way.uplink] = { ...health[way.uplink], [way.family]: line }
    }
    writeHealth(health)
  }

  pulse.join(tick)
  pulse.join(publish, writeEveryMs)
  return {
    update,
    stop: () => {
      quotas.stop()
      publish()
      for (const key of [...tracks.keys()]) drop(key)
    },
  }
}

/** Multicast that was received answers nobody. */
function countersOf({ way }: Track, counters: ReadonlyMap<string, Counters>): { rx: number; tx: number } | null {
  const found = counters.get(way.device)
  return found ? { rx: Math.max(0, found.rxPackets - found.rxMulticast), tx: found.txPackets } : null
}

function stopBackground(track: Track): void {
  track.background?.stop()
  track.background = null
}

function settingsFor(way: Way, config: Config, routes: readonly Route[]) {
  const settings = unableToStray(way, probeSettings(way.uplink, way.device, way.family, config), routes)
  return { way, settings, key: JSON.stringify([way, settings]) }
}
