/** Finds out what lines can carry, from what they carry, and has new connections spread by that. */
import { type Counters, readCounters } from '../../kernel/devices/counters.ts'
import { figuresOf } from '../../lines/capacity/figures.ts'
import { demandOf, learn, learnedFrom } from '../../lines/capacity/learn.ts'
import { type Bandwidth, type LineModel, newLine, restRate } from '../../lines/capacity/line-model.ts'
import { observe } from '../../lines/capacity/observe.ts'
import type { Answer } from '../../lines/capacity/reading.ts'
import { fromStored, toStored } from '../../lines/capacity/stored.ts'
import { type InForce, newSpread, spreadOver, type Wish } from '../../lines/spread/spread.ts'
import { eligibleUplinks, isLinked } from '../../model/active-uplinks.ts'
import type { Config } from '../../model/config.ts'
import type { Desired } from '../../model/desired.ts'
import { modeOf } from '../../model/mode.ts'
import type { Spreading } from '../../model/spreading.ts'
import type { Uplink } from '../../model/uplink.ts'
import { log } from '../../os/log.ts'
import { type KnownLine, linesFile, loadLines, saveLines } from '../../store/lines.ts'
import { loadSpreading, saveSpreading } from '../../store/spreading.ts'
import type { Ticker } from '../ticker.ts'

/** How often lines are looked at, about each second: beats are as they come. */
const lookMs = 900
/** How often what is looked at is learned from while nothing is carried. A gap of five seconds would be another time. */
const restLookMs = 3000
/** How old the figures that people are shown may be. */
const showMs = 5000
/** How often what was found out is written down; a power cut costs what was found out since. */
const writeMs = 300_000
/** How long other targets are asked on after a load: how far they are at rest says how late they were. */
const restMs = 20_000
/** How often they are asked at rest, as the least round trip of ten minutes counts, and for how long. */
const sampleEveryMs = 280_000
const sampleMs = 3500
const firstSampleMs = 30_000

export interface LearningWatch {
  /** After each round. */
  readonly update: (desired: Desired, config: Config) => void
  /** What a probe of this uplink was answered, over either family. */
  readonly hear: (uplink: string, answer: Answer) => void
  readonly stop: () => void
}

/** What a look has seen of all devices. */
interface Look {
  readonly at: number
  readonly counters: ReadonlyMap<string, Counters>
}

type Heard = Answer & { readonly at: number }

interface Watched {
  readonly name: string
  readonly device: string
  readonly bandwidth: Bandwidth
}

/** Calls `onWeights` when new connections are to be spread otherwise; `askMore` at each look, whether all targets are to be asked. */
export function learnLines(
  pulse: Ticker,
  onWeights: (reason: string) => void,
  askMore: (wanted: boolean) => void,
): LearningWatch {
  let watched: readonly Watched[] = []
  /** Names of the lines that new connections may be spread over, those of one metric each, the lowest first. */
  let groups: readonly (readonly string[])[] = []
  let wish: Wish | null = null
  let begun = false
  let spread = newSpread(null)
  const models = new Map<string, { device: string; line: LineModel }>()
  const heard = new Map<string, readonly Heard[]>()
  let stored: ReadonlyMap<string, KnownLine> | null = null
  let latest: Look | null = null
  let learnedAt = Number.NEGATIVE_INFINITY
  let [shown, shownAt] = ['', 0]
  let [isUnwritten, writtenAt, complained] = [false, performance.now(), false]
  let [loadedAt, sampledAt] = [Number.NEGATIVE_INFINITY, performance.now() - sampleEveryMs + firstSampleMs]

  function update({ uplinks }: Desired, config: Config): void {
    const families = ['inet', 'inet6'] as const
    const eligible = new Map(
      families.flatMap((family) => eligibleUplinks(family, config, uplinks).map((uplink) => [uplink.name, uplink])),
    )
    const byMetric = Map.groupBy(eligible.values(), ({ metric }) => metric)
    groups = [...byMetric].toSorted(([one], [other]) => one - other).map(([, all]) => all.map(({ name }) => name))
    watched = uplinks.filter(isLinked).map((uplink) => watchedOf(uplink, config))
    wishFor(config, [...eligible.values()])
    for (const one of watched) meet(one)
    // Whoever comes is not waited for.
    learnedAt = Number.NEGATIVE_INFINITY
    for (const name of [...models.keys()]) if (!uplinks.some((uplink) => uplink.name === name)) models.delete(name)
    for (const name of [...heard.keys()]) if (!models.has(name)) heard.delete(name)
  }

  function wishFor({ balance }: Config, eligible: readonly Uplink[]): void {
    const next = modeOf(balance.mode).mayReweigh
      ? {
          spread: balance.spread ?? ('weight' as const),
          overflowAt: balance.overflowAt ?? 0.9,
          isAuto: eligible.every(({ auto }) => auto),
        }
      : null
    if (begun && JSON.stringify(next) === JSON.stringify(wish)) return
    const before = begun ? null : loadSpreading()
    begun = true
    spread = newSpread(next && before?.spread === next.spread ? inForceOf(before) : null)
    wish = next
    show(performance.now())
  }

  /** Begins a line's model with what was known of it before, if it is the same device's. */
  function meet({ name, device, bandwidth }: Watched): void {
    const before = models.get(name)
    if (before?.device === device) return
    stored ??= loadLines()
    const known = stored.get(name)
    const line =
      known?.device === device ? fromStored(known.line, performance.now(), Date.now(), bandwidth) : newLine(bandwidth)
    models.set(name, { device, line })
  }

  function look(): undefined {
    if (watched.length === 0) return
    const reading = { at: performance.now(), counters: readCounters() }
    const before = latest
    const isQuiet = before !== null && isAtRest(before, reading)
    latest = reading
    if (!isQuiet || reading.at - learnedAt >= restLookMs) {
      // What was passed over is where the load began.
      if (!isQuiet && before !== null && before.at > learnedAt) learnFrom(before)
      learnFrom(reading)
    }
    askMore(wantsMore(reading.at))
    if (reading.at - shownAt >= showMs) show(reading.at)
    if (isUnwritten && reading.at - writtenAt >= writeMs) write()
  }

  function isAtRest(before: Look, { at, counters }: Look): boolean {
    const most = (restRate * (at - before.at)) / 1000
    return watched.every(({ device }) => bytesOf(counters.get(device)) - bytesOf(before.counters.get(device)) < most)
  }

  function learnFrom({ at, counters }: Look): void {
    learnedAt = at
    for (const { name, device } of watched) {
      const known = models.get(name)
      if (!known) continue
      const found = counters.get(device)
      const reading = { at, counters: found ? { rx: found.rxBytes, tx: found.txBytes } : null }
      const answers = heard.get(name) ?? []
      // What has come since then is of the next look.
      heard.set(
        name,
        answers.filter((one) => one.at > at),
      )
      models.set(name, {
        device,
        line: observe(known.line, { ...reading, answers: answers.filter((one) => one.at <= at) }),
      })
    }
    const members = watched.filter(({ name }) => groups.some((names) => names.includes(name)))
    const lines = learn(members.map(({ name, device, bandwidth }) => ({ line: modelOf(name, device), bandwidth })))
    for (const [i, { name, device }] of members.entries()) {
      const line = lines[i]
      if (line) models.set(name, { device, line })
    }
    const demand = demandOf(lines)
    if (demand.down + demand.up >= learnedFrom) {
      loadedAt = at
      isUnwritten = true
    }
    respread(at)
  }

  function modelOf(name: string, device: string): LineModel {
    return models.get(name)?.line ?? newLineOf(name, device)
  }

  function newLineOf(name: string, device: string): LineModel {
    const line = newLine(watched.find((one) => one.name === name)?.bandwidth)
    models.set(name, { device, line })
    return line
  }

  function respread(at: number): void {
    if (wish === null) return
    const named = groups.map((names) =>
      Object.fromEntries(names.flatMap((name) => [[name, models.get(name)?.line] as const].filter(isKnown))),
    )
    const before = spread.inForce
    spread = spreadOver(spread, wish, named, at)
    if (spread.inForce === before || spread.inForce === null) return
    show(at)
    onWeights(reasonOf(spread.inForce))
  }

  function wantsMore(at: number): boolean {
    if (wish === null || groups.flat().length < 2 || (wish.spread === 'weight' && !wish.isAuto)) return false
    if (at - loadedAt < restMs) return true
    if (at - sampledAt >= sampleEveryMs) sampledAt = at
    return at - sampledAt < sampleMs
  }

  /** Writes down what is found out, for whoever decides or shows. */
  function show(at: number): void {
    shownAt = at
    const spreading: Spreading = {
      spread: wish?.spread ?? 'weight',
      ...(spread.inForce ?? { weights: {} }),
      lines: Object.fromEntries([...models].map(([name, { line }]) => [name, figuresOf(line)])),
    }
    const text = JSON.stringify(spreading)
    if (text === shown) return
    shown = text
    saveSpreading(spreading)
  }

  function write(): void {
    ;[isUnwritten, writtenAt] = [false, performance.now()]
    const now = Date.now()
    // Those that are away keep what was known of them.
    const lines = new Map(stored ?? [])
    for (const [name, { device, line }] of models) lines.set(name, { device, line: { ...toStored(line, now) } })
    try {
      saveLines(lines)
      stored = lines
    } catch (error) {
      if (!complained) log.failure('writing', linesFile.path, error)
      complained = true
    }
  }

  pulse.join(look, lookMs)
  return {
    update,
    hear: (uplink, answer) => {
      heard.set(uplink, [...(heard.get(uplink) ?? []), { ...answer, at: performance.now() }].slice(-mostAnswers))
    },
    stop: () => {
      if (isUnwritten) write()
    },
  }
}

/** How many answers between two looks are kept; bursts have three targets. */
const mostAnswers = 32

function watchedOf({ name, interface: device }: Uplink, { uplinks }: Config): Watched {
  const said = uplinks.find((section) => section.name === name)?.bandwidth
  const bytes = (bits: number | undefined) => (bits === undefined ? null : bits / 8)
  return { name, device, bandwidth: { down: bytes(said?.down), up: bytes(said?.up) } }
}

function bytesOf(counters: Counters | undefined): number {
  return counters ? counters.rxBytes + counters.txBytes : 0
}

function inForceOf({ weights, takes }: Spreading): InForce | null {
  return Object.keys(weights).length === 0 && takes === undefined ? null : { weights, ...(takes && { takes }) }
}

function isKnown(entry: readonly [string, LineModel | undefined]): entry is readonly [string, LineModel] {
  return entry[1] !== undefined
}

function reasonOf({ weights, takes }: InForce): string {
  const named = (takes ?? Object.keys(weights)).map((name) => `${name} ${weights[name] ?? 1}`)
  return `weights ${named.join(', ')}`
}
