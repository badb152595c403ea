/** Finds out how large packets may be by each line, one small search at a time, and has routes and connections keep to it. */

import { afterSearch, isDue } from '../../lines/mtu/schedule.ts'
import { advanceSearch, askOf, beginSearch, type MtuSearch } from '../../lines/mtu/search.ts'
import type { Egress } from '../../lines/probes/egress.ts'
import { askSized } from '../../lines/probes/sized-echo.ts'
import type { Cause } from '../../model/cause.ts'
import type { Config } from '../../model/config.ts'
import type { MtuAsked, PathMtu, PathMtus } from '../../model/path-mtu.ts'
import type { Path, Uplink } from '../../model/uplink.ts'
import { loadMtuSearches, saveMtuSearches } from '../../store/mtu-searches.ts'
import { loadPathMtus, savePathMtus } from '../../store/path-mtus.ts'
import { getOwn } from '../../values/get-own.ts'

const families = ['inet', 'inet6'] as const

/** How many lines are asked at once: each has a child. */
const mostSearches = 4

/** A line that may be asked. */
export interface MtuLine {
  readonly egress: Egress
  /** Addresses that answer echo requests. */
  readonly targets: readonly string[]
  readonly metered: boolean
  /** How long an answer may take, in ms. */
  readonly waitMs: number
  /** How it is: a search begins only where it is well, and goes on until it is dead. */
  readonly state: 'well' | 'doubtful' | 'dead'
}

export interface PathMtuWatch {
  /** After each round. */
  readonly update: (uplinks: readonly Uplink[], config: Config) => void
  /** Looks which lines are to be asked now. */
  readonly look: (lines: readonly MtuLine[]) => void
  readonly stop: () => void
}

interface Search {
  readonly identity: string
  /** Stops it, and gives the bytes that it has sent. */
  readonly stop: () => number
}

/** Calls `onFound` when an uplink's packets have to be of another size. */
export function watchPathMtus(onFound: (cause: Cause) => void): PathMtuWatch {
  let known = loadPathMtus()
  /** By line, the most that interface and routes allow; absent where nothing is to be found out. */
  let wanted = new Map<string, number>()
  const asked = new Map(Object.entries(loadMtuSearches()).map(([key, one]) => [key, orLost(key, one)]))
  const running = new Map<string, Search>()

  function update(uplinks: readonly Uplink[], config: Config): void {
    wanted = new Map(uplinks.flatMap((uplink) => wishesOf(uplink, config)))
    const devices = new Set(uplinks.map((uplink) => uplink.interface))
    const left = Object.entries(known).filter(([device]) => devices.has(device))
    if (left.length < Object.keys(known).length) save(Object.fromEntries(left))
    const keys = new Set(uplinks.flatMap(({ name }) => families.map((family) => keyOf({ uplink: name, family }))))
    for (const key of [...asked.keys()]) if (!keys.has(key)) asked.delete(key)
  }

  function look(lines: readonly MtuLine[]): void {
    const here = new Map(lines.map((line) => [keyOf(line.egress), line]))
    for (const [key, { identity, stop }] of [...running]) {
      const line = here.get(key)
      if (line && line.state !== 'dead' && identityOf(line.egress, wanted.get(key)) === identity) continue
      note(key, identity, stop(), false)
    }
    for (const [key, before] of asked)
      if ((here.get(key)?.state ?? 'dead') === 'dead') asked.set(key, { ...before, wasOut: true })
    for (const [key, line] of here) {
      const before = asked.get(key)
      const most = wanted.get(key)
      if (line.state !== 'well' || most === undefined || running.has(key) || running.size >= mostSearches) continue
      if (!isDue(before, identityOf(line.egress, most), line.metered, monotonicMs())) continue
      running.set(key, { identity: identityOf(line.egress, most), stop: search(line, most) })
    }
  }

  /** What an earlier daemon has asked; to be asked again where what came of it is lost, out of the same budget. */
  function orLost(key: string, one: MtuAsked): MtuAsked {
    const [device = ''] = one.identity.split(' ')
    const family = families.find((each) => key.endsWith(` ${each}`))
    const isLost = one.failures === 0 && (family === undefined || getOwn(known, device)?.[family] === undefined)
    return isLost ? { ...one, wasOut: true } : one
  }

  function note(key: string, identity: string, sent: number, isKnown: boolean): void {
    running.delete(key)
    asked.set(key, afterSearch(asked.get(key), { identity, at: monotonicMs(), sent, isKnown }))
    saveMtuSearches(Object.fromEntries(asked))
  }

  function search({ egress, targets, waitMs }: MtuLine, most: number): () => number {
    const before = getOwn(known, egress.device)?.[egress.family]
    let sent = 0
    let stop = () => {}
    const end = (found: Pick<PathMtu, 'mtu'> | null) => {
      note(keyOf(egress), identityOf(egress, most), sent, found !== null)
      if (found) keep(egress, { gateway: egress.gateway, most, ...found, at: Math.floor(monotonicMs() / 1000) })
    }
    const next = (state: MtuSearch) => {
      stop = askSized(egress, { ...askOf(state), waitMs }, (answered, bytes) => {
        sent += bytes
        const after = answered === null ? { kind: 'unknown' as const } : advanceSearch(state, answered)
        if (!('kind' in after)) return next(after)
        if (after.kind === 'unknown') return end(null)
        end({ mtu: after.kind === 'narrow' ? after.mtu : null })
      })
    }
    next(beginSearch(egress.family, targets, most, before?.mtu))
    return () => {
      stop()
      return sent
    }
  }

  function keep({ uplink, device, family }: Egress, found: PathMtu): void {
    const before = getOwn(known, device)?.[family]
    save({ ...known, [device]: { ...getOwn(known, device), [family]: found } })
    if ((before?.mtu ?? null) === found.mtu && before?.gateway === found.gateway) return
    if (before === undefined && found.mtu === null) return
    const reason = `the path of ${uplink} takes ${found.mtu ?? found.most} bytes in ${family === 'inet' ? 'IPv4' : 'IPv6'}`
    onFound({ kind: 'path-mtu', uplink, family, reason })
  }

  function save(found: PathMtus): void {
    known = found
    savePathMtus(found)
  }

  return {
    update,
    look,
    stop: () => {
      for (const [key, { identity, stop }] of [...running]) note(key, identity, stop(), false)
    },
  }
}

/** By line of an uplink, the most that interface and routes allow, where the administrator leaves it to us. */
function wishesOf({ name, inet, inet6 }: Uplink, { uplinks }: Config): readonly (readonly [string, number])[] {
  if (uplinks.some((section) => section.name === name && section.mtu !== undefined)) return []
  const ofFamily = { inet, inet6 }
  return families.flatMap((family): readonly (readonly [string, number])[] => {
    const path = ofFamily[family]
    return path ? [[keyOf({ uplink: name, family }), widest(path)]] : []
  })
}

function widest({ mtu, narrowed }: Path): number {
  return narrowed?.by === 'probes' ? narrowed.from : mtu
}

function keyOf({ uplink, family }: Pick<Egress, 'uplink' | 'family'>): string {
  return `${uplink} ${family}`
}

function identityOf({ device, gateway }: Egress, most: number | undefined): string {
  return `${device} ${gateway} ${most}`
}

/** CLOCK_MONOTONIC, which is the same in all processes and stands still in a suspend. */
function monotonicMs(): number {
  return Math.round(Number(process.hrtime.bigint() / 1_000_000n))
}
