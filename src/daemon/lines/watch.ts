/** Keeps a state machine for each line, feeds it with what is seen, does what it asks for, and tells who is usable. */

import { type Counters, readCounters } from '../../kernel/devices/counters.ts'
import { askedOf } from '../../lines/asked-quality.ts'
import { advanceTogether, type LineNews } from '../../lines/family.ts'
import { firstLine } from '../../lines/first-line.ts'
import { isWatchful } from '../../lines/machine.ts'
import type { Answer, Egress } from '../../lines/probes/egress.ts'
import { egressesOf } from '../../lines/probes/egresses.ts'
import { unableToStray } from '../../lines/probes/elsewhere.ts'
import { withOpinions } from '../../lines/probes/opinion-servers.ts'
import { withResolvers } from '../../lines/probes/resolvers.ts'
import { timeoutMs } from '../../lines/quality.ts'
import { echoTargets, probeSettings } from '../../lines/settings.ts'
import { inheritedStandings, judgeFor, missesOf } from '../../lines/standing.ts'
import type { Cause } from '../../model/cause.ts'
import type { Config } from '../../model/config.ts'
import type { Desired } from '../../model/desired.ts'
import type { Health, LineHealth } from '../../model/health.ts'
import type { LineQuality } from '../../model/line-quality.ts'
import type { Observed } from '../../model/observed.ts'
import type { Uplink } from '../../model/uplink.ts'
import type { Family } from '../../net/family.ts'
import { loadHealth, saveHealth, writeEveryMs } from '../../store/health.ts'
import type { Reply } from '../control/protocol.ts'
import type { Ticker } from '../ticker.ts'
import { watchBridges } from './bridge-watch.ts'
import { watchFailback } from './failback-watch.ts'
import { learnLines } from './learning.ts'
import { type MtuLine, watchPathMtus } from './path-mtus.ts'
import { keepQuotas } from './quotas.ts'
import { toHealth, verdict, withQuota } from './texts.ts'
import { act, keepAskingOthers, keepProbing, keyOf, leave, newTrack, stopProbing, type Track } from './track.ts'
import { watchTunnels } from './tunnel-watch.ts'
import type { UserHooks } from './user-hooks.ts'

export interface HealthWatch {
  /** Called when it is known what the routes are to be, before they are so. */
  readonly before: (uplinks: readonly Uplink[]) => void
  /** Called after each round: what is to be watched from now on. */
  readonly update: (desired: Desired, config: Config, observed: Observed) => void
  /** A line was loaded on purpose, and carried so many bytes/s downwards. */
  readonly measured: (uplink: string, rate: number) => Reply
  readonly stop: () => void
}

const families = ['inet', 'inet6'] as const

/** Of how many lines other targets are begun to be asked at once, and the time until the next ones are. */
const mostAtOnce = 4
const pauseMs = 50

/** Watches the lines. Calls `balance`, with the causes, when an uplink becomes usable or stops being so. */
export function watchHealth(
  pulse: Ticker,
  balance: (...causes: readonly Cause[]) => Promise<unknown>,
  hear: (uplink: string, family: Family, event: LineNews['event']) => void,
  userHooks: UserHooks,
): HealthWatch {
  const tracks = new Map<string, Track>()
  let egresses: readonly Egress[] = []
  /** What rules ask of lines, by uplink. */
  let asked: ReadonlyMap<string, readonly LineQuality[]> = new Map()
  /** Families in which there are uplinks that nobody probes. */
  let unprobed: ReadonlySet<Family> = new Set()
  const quotas = keepQuotas(pulse, (cause) => {
    publish()
    onVerdict(cause)
  })
  const failback = watchFailback(pulse)
  const tunnels = watchTunnels(pulse)
  const bridges = watchBridges(pulse, (egress, port) => {
    const event = { kind: 'cut', why: `its gateway was behind ${port}, which has no carrier` } as const
    send(egress.family, [{ key: keyOf(egress), event }])
  })
  /**
   * What an earlier daemon said of the lines: with it, an offline line need not carry connections once more to be found
   * out.
   */
  let inherited: Health = loadHealth()
  let begun = false
  let broken = false
  const clock = () => performance.now()
  // A round rejects only while the daemon stops.
  const onVerdict = (...causes: readonly Cause[]) => void balance(...causes).catch(() => undefined)
  const listener = {
    onEvent: (track: Track, event: LineNews['event']) => {
      if (tracks.get(keyOf(track.egress)) !== track) return
      hear(track.egress.uplink, track.egress.family, event)
      send(track.egress.family, [{ key: keyOf(track.egress), event }])
    },
    onTime: (track: Track, { target, rttMs }: Answer) => {
      if (tracks.get(keyOf(track.egress)) === track) learning.hear(track.egress.uplink, { target, rttMs })
    },
    onBroken: giveUp,
  }
  const mtus = watchPathMtus(onVerdict)
  const learning = learnLines(pulse, onVerdict, askOthers)
  let pacing: NodeJS.Timeout | undefined

  /** Asks other targets, too, of a few lines at a time: starting programs for sixty keeps this process from all else. */
  function askOthers(wanted: boolean): void {
    clearTimeout(pacing)
    let started = 0
    for (const track of tracks.values()) {
      if (keepAskingOthers(track, wanted, listener)) started += 1
      if (started < mostAtOnce) continue
      pacing = setTimeout(() => askOthers(wanted), pauseMs)
      return
    }
  }

  /** Advances the lines of a family. All that are told as something else are one change, with one round. */
  function send(family: Family, news: readonly LineNews[]): void {
    const members = new Map([...tracks].filter(([, { egress }]) => egress.family === family))
    const { lines, told, effects } = advanceTogether(members, news, clock(), unprobed.has(family))
    const changed: Track[] = []
    const moved: Track[] = []
    for (const [key, track] of members) {
      const [before, usedBefore] = [toldText(track), useOf(track)]
      track.line = lines.get(key) ?? track.line
      track.told = told.get(key) ?? track.told
      track.standings = judgeFor(track.standings, track.line, asked.get(track.egress.uplink) ?? [], clock())
      if (toldText(track) !== before) changed.push(track)
      if (useOf(track) !== usedBefore) moved.push(track)
    }
    for (const { key, effect } of effects) {
      const track = members.get(key)
      if (track) act(track, effect, listener)
    }
    for (const track of members.values()) keepProbing(track, pulse, listener)
    if (changed.length > 0) {
      publish()
      lookAtMtus()
    }
    if (moved.length > 0) onVerdict(...moved.map(verdictCause))
  }

  function verdictCause(track: Track): Cause {
    const { uplink, family } = track.egress
    return { kind: 'verdict', uplink, family, reason: verdict(track, clock()) }
  }

  function giveUp(): void {
    broken = true
    for (const key of [...tracks.keys()]) drop(key)
    publish()
    onVerdict({ kind: 'probes', reason: 'probes do not work' })
  }

  function drop(key: string): void {
    const track = tracks.get(key)
    if (track) stopProbing(track)
    tracks.delete(key)
  }

  /** Sockets are bound to a line's address: without rules for it, what they send leaves by another line. */
  function before(uplinks: readonly Uplink[]): void {
    const sources = new Map(egressesOf(uplinks).map((egress) => [keyOf(egress), egress.source]))
    for (const [key, track] of tracks) if (sources.get(key) !== track.egress.source) leave(track)
  }

  function update(desired: Desired, config: Config, observed: Observed): void {
    const { uplinks } = desired
    begun = true
    asked = new Map(uplinks.map(({ name }) => [name, askedOf(name, config)]))
    watchLines(uplinks, config, observed)
    inherited = {}
    quotas.update(uplinks, config)
    mtus.update(uplinks, config)
    lookAtMtus()
    learning.update(desired, config)
    failback.update(desired, config)
    tunnels.update({ desired, config, observed })
    bridges.update(egresses, observed.links)
    userHooks.tell(uplinks, (name) => reasonOf(name))
  }

  function reasonOf(uplink: string): string {
    const lines = [...tracks.values()].filter(({ egress }) => egress.uplink === uplink)
    return lines.map((track) => verdict(track, clock())).join('; ')
  }

  function watchLines(uplinks: readonly Uplink[], config: Config, observed: Observed): void {
    egresses = egressesOf(uplinks)
    const wished = broken ? [] : egresses.map((egress) => settingsFor(egress, config, observed))
    // Who is asked for a second opinion changes with name servers and routes, and is no news of a line, so it is no
    // part of the key.
    const wanted = withOpinions(wished, uplinks, observed)
    unprobed = new Set(wanted.filter(({ settings }) => settings.kind === 'none').map(({ egress }) => egress.family))
    const kept = new Set(wanted.map(({ egress }) => keyOf(egress)))
    for (const key of [...tracks.keys()]) if (!kept.has(key)) drop(key)
    for (const { egress, settings, key } of wanted) {
      const known = tracks.get(keyOf(egress))
      if (known?.key === key && !known.isLeaving) {
        known.settings = settings
        continue
      }
      drop(keyOf(egress))
      if (settings.kind === 'none') continue
      const { line, standings } = known ?? {
        line: firstLine(egress, settings, inherited, clock()),
        standings: inheritedStandings(inherited[egress.uplink]?.[egress.family]?.misses ?? {}),
      }
      const track = newTrack(egress, settings, key, line, standings)
      tracks.set(keyOf(egress), track)
      // A new line's first verdict is waited for, so the next look comes soon.
      if (!known) pulse.hurry()
      send(egress.family, known ? [{ key: keyOf(egress), event: { kind: 'moved' } }] : [])
      publish()
    }
  }

  function tick(): 'soon' | undefined {
    if (tracks.size === 0) return undefined
    const counters = readCounters()
    for (const family of families) {
      const members = [...tracks].filter(([, { egress }]) => egress.family === family)
      const news = members.map(([key, track]): LineNews => {
        return { key, event: { kind: 'tick', counters: countersOf(track, counters) } }
      })
      if (news.length > 0) send(family, news)
    }
    const isClose = ({ line, told }: Track) => (line.silent && told !== 'offline') || isWatchful(line, clock())
    return [...tracks.values()].some(isClose) ? 'soon' : undefined
  }

  function publish(): undefined {
    // What the earlier daemon said holds until the uplinks are known.
    if (!begun) return
    const health: Record<string, Partial<Record<Family, LineHealth>>> = {}
    for (const egress of egresses) {
      const track = tracks.get(keyOf(egress))
      const line = withQuota(track && toHealth(track, clock()), quotas.verdict(egress.uplink))
      if (line) health[egress.uplink] = { ...health[egress.uplink], [egress.family]: line }
    }
    saveHealth(health)
  }

  function lookAtMtus(): undefined {
    mtus.look([...tracks.values()].map(mtuLineOf).filter(({ targets }) => targets.length > 0))
  }

  pulse.join(tick)
  pulse.join(publish, writeEveryMs)
  pulse.join(lookAtMtus, writeEveryMs)
  return {
    before,
    update,
    measured: learning.measured,
    stop: () => {
      quotas.stop()
      learning.stop()
      clearTimeout(pacing)
      mtus.stop()
      publish()
      for (const key of [...tracks.keys()]) drop(key)
    },
  }
}

function toldText(track: Track): string {
  return `${useOf(track)} ${track.told} ${track.line.why}`
}

function mtuLineOf({ egress, settings, line, told }: Track): MtuLine {
  const targets = echoTargets(settings, egress.family)
  const isWell = told === 'online' && line.state === 'online' && !line.silent && line.rtt !== null
  const state = told === 'offline' || line.silent ? 'dead' : isWell ? 'well' : 'doubtful'
  return { egress, targets, metered: settings.metered, waitMs: timeoutMs(line), state }
}

/** What decides whether the line is used: another reason for the same is none for a round. */
function useOf({ told, line, standings }: Track): string {
  return `${told === 'offline'} ${line.degraded} ${Object.keys(missesOf(standings)).join()}`
}

/** The device's packet counters, without multicast that was received, which answers nobody. */
function countersOf({ egress }: Track, counters: ReadonlyMap<string, Counters>): { rx: number; tx: number } | null {
  const found = counters.get(egress.device)
  return found ? { rx: Math.max(0, found.rxPackets - found.rxMulticast), tx: found.txPackets } : null
}

function settingsFor(egress: Egress, config: Config, observed: Observed) {
  const wished = withResolvers(egress, probeSettings(egress.uplink, egress.device, egress.family, config), observed)
  const settings = unableToStray(egress, wished, observed.routes)
  return { egress, settings, key: JSON.stringify([egress, settings]) }
}
