/** One line as the daemon watches it: what is known of it, and the probes that are under way. */

import { askAnew } from '../../kernel/iproute/neighbours.ts'
import { probeIntervalMs } from '../../lines/machine.ts'
import type { LineEffect, LineEvent, PathHealth } from '../../lines/path-health.ts'
import type { Answer, Egress } from '../../lines/probes/egress.ts'
import { probers } from '../../lines/probes/kinds.ts'
import { probeAll } from '../../lines/probes/probe-all.ts'
import { isBroken, probeOn } from '../../lines/probes/probes.ts'
import { askServers } from '../../lines/probes/second-opinion.ts'
import { answerText, burstText } from '../../lines/probes/texts.ts'
import { timeoutMs } from '../../lines/quality.ts'
import type { ProbeSettings } from '../../lines/settings.ts'
import type { Standings } from '../../lines/standing.ts'
import type { LineState } from '../../model/health.ts'
import { hasAddress } from '../../os/addresses.ts'
import { log } from '../../os/log.ts'
import type { Ticker } from '../ticker.ts'

export interface Track {
  readonly egress: Egress
  settings: ProbeSettings
  /** A text that changes with everything for which running probes were started. */
  readonly key: string
  line: PathHealth
  /** Whether it is good enough for rules that ask for quality. */
  standings: Standings
  /** What everyone takes the line for; see arbiter.ts. */
  told: LineState
  /** Its address is about to lose its rules, so that what leaves with it would take another line: nothing is asked. */
  isLeaving: boolean
  target: number
  lastProbe: string | null
  background: { readonly intervalMs: number; readonly stop: () => void } | null
  /** The probes of targets besides the background probe's; null while there are none. */
  others: { readonly beside: string; readonly stop: () => void } | null
  stopBurst: () => void
  /** Stops the questions for a second opinion after a missing echo. */
  stopAsking: () => void
}

export interface TrackListener {
  readonly onEvent: (track: Track, event: LineEvent) => void
  /** Told of each echo's round trip, whatever it says of the line's state. */
  readonly onTime: (track: Track, answer: Answer) => void
  /** No probe can be made, on any line. */
  readonly onBroken: () => void
}

export function newTrack(
  egress: Egress,
  settings: ProbeSettings,
  key: string,
  line: PathHealth,
  standings: Standings = new Map(),
): Track {
  return {
    ...{ egress, settings, key, line, standings, told: line.state, isLeaving: false },
    ...{ target: 0, lastProbe: null, background: null, others: null },
    stopBurst: () => undefined,
    stopAsking: () => undefined,
  }
}

/** A key for a line: its uplink and family. */
export function keyOf({ uplink, family }: Pick<Egress, 'uplink' | 'family'>): string {
  return `${uplink} ${family}`
}

/** Does what the line's state machine asks for. Its events come to `onEvent`. */
export function act(track: Track, effect: LineEffect, { onEvent, onTime }: TrackListener): void {
  if (track.isLeaving) return
  if (effect.kind === 'next-target') {
    track.target = (track.target + 1) % track.settings.targets.length
    stopBackground(track)
    return
  }
  const { egress, settings } = track
  track.stopBurst()
  // A gateway may have another hardware address since it answered last. What is dead is asked rarely enough for the kernel
  // to find out, and what is new the kernel asks for anyway.
  const isNew = track.line.rtt === null && track.line.failedBursts === 0
  if (egress.gateway !== null && track.line.state === 'suspect' && !isNew)
    askAnew(egress.gateway, egress.device).catch((error) =>
      log.failure('asking for the gateway of', egress.uplink, error),
    )
  track.stopBurst = probeAll(egress, settings, {
    ...{ timeoutMs: effect.timeoutMs, dueMs: effect.dueMs },
    onLate: () => onEvent(track, { kind: 'late' }),
    onEnd: ({ answers, gateway, unknown, cause, muted, spanMs }) => {
      track.lastProbe = burstText({ answers, gateway })
      for (const answer of answers) if (answer.rttMs !== null && !answer.second) onTime(track, answer)
      const why = cause ?? answers.find(({ fault }) => fault !== undefined)?.fault
      const times = answers.flatMap(({ rttMs }) => (rttMs === null ? [] : [rttMs]))
      const targets = settings.targets.length
      // Answers to an address that has gone meanwhile find nobody. The round that follows it has the line asked by another.
      const isAway = egress.source !== null && !hasAddress(egress.source)
      onEvent(track, {
        ...{ kind: 'burst', answered: times.length, targets, spanMs },
        unknown: isAway ? targets - times.length : unknown,
        rttMs: times.length === 0 ? null : Math.min(...times),
        ...(why === undefined ? {} : { cause: why }),
        ...(muted ? { muted } : {}),
      })
    },
  })
}

/** Makes the background probe run as often as the line's state wants it. */
export function keepProbing(track: Track, pulse: Ticker, { onEvent, onTime, onBroken }: TrackListener): void {
  if (track.isLeaving) return
  const intervalMs = probeIntervalMs(track.line, track.settings)
  if (track.background?.intervalMs === intervalMs) return
  stopBackground(track)
  const target = track.settings.targets[track.target] ?? ''
  const onAnswer = ({ rttMs }: Answer) => {
    track.lastProbe = answerText({ target, rttMs })
    onTime(track, { target, rttMs })
    const server = rttMs === null ? track.settings.opinions[target] : undefined
    if (server !== undefined) askAnother(track, target, server, pulse, onEvent)
    const missed = server === undefined ? ({ kind: 'miss' } as const) : ({ kind: 'miss', asked: true } as const)
    onEvent(track, rttMs === null ? missed : { kind: 'answer', rttMs })
    pulse.awake()
  }
  const stop = probeOn(track.egress, track.settings, target, intervalMs, onAnswer, (failure) => {
    if (isBroken(failure)) onBroken()
    else setTimeout(() => stopIfSame(track, own), 5000)
  })
  const own = { intervalMs, stop }
  track.background = own
}

/** How many targets are asked besides that of the background probe. */
const otherTargets = 2

/**
 * Asks two more of a line's targets every third second while there is something to learn of it, on lines that cost nothing.
 * Their answers say how late answers are, and nothing else: whether the line is alive is asked as ever. Says whether
 * programs were started for it.
 */
export function keepAskingOthers(track: Track, isWanted: boolean, { onTime }: Pick<TrackListener, 'onTime'>): boolean {
  const { egress, settings } = track
  const beside = settings.targets[track.target] ?? ''
  const isIdle = track.background === null || track.line.state === 'offline' || track.line.silent
  const wanted = isWanted && !isIdle && !settings.metered && probers[settings.kind].how === 'pings'
  if (track.others && (!wanted || track.others.beside !== beside)) stopOthers(track)
  if (!wanted || track.others) return false
  const targets = settings.targets.filter((target) => target !== beside).slice(0, otherTargets)
  const stops = targets.map((target) => {
    const onAnswer = (answer: Answer) => onTime(track, answer)
    return probeOn(egress, settings, target, 3 * settings.intervalMs, onAnswer, () => undefined)
  })
  const stop = () => {
    for (const one of stops) one()
  }
  track.others = { beside, stop }
  return true
}

function stopOthers(track: Track): void {
  track.others?.stop()
  track.others = null
}

/** Asks a name server on a line that does not answer an echo request, as somebody may limit those alone. */
function askAnother(
  track: Track,
  target: string,
  server: string,
  pulse: Ticker,
  onEvent: TrackListener['onEvent'],
): void {
  track.stopAsking()
  track.stopAsking = askServers(
    track.egress,
    [server],
    { againMs: 0, timeoutMs: timeoutMs(track.line) },
    (opinions) => {
      const { rttMs = null, datagram = false } = opinions.get(server) ?? {}
      if (rttMs !== null) track.lastProbe = answerText({ target, rttMs, second: true })
      onEvent(track, { kind: 'opinion', rttMs, datagram })
      pulse.awake()
    },
  )
}

/** Forgets a background probe that ended by itself (no route for a moment), so that the next event starts it again. */
function stopIfSame(track: Track, background: Track['background']): void {
  if (track.background === background) track.background = null
}

/** Asks nothing by the line from now on. */
export function leave(track: Track): void {
  track.isLeaving = true
  stopProbing(track)
}

export function stopProbing(track: Track): void {
  stopBackground(track)
  stopOthers(track)
  track.stopBurst()
  track.stopAsking()
}

function stopBackground(track: Track): void {
  track.background?.stop()
  track.background = null
}
