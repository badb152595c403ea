/** What the daemon knows of the lines. A file hands it to every run: its own, hooks' and commands'. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { Health, LineHealth } from '../model/health.ts'
import { eachFigure } from '../model/line-figures.ts'
import { mostQualities } from '../model/line-quality.ts'
import type { Family } from '../net/family.ts'
import { isUplinkName } from '../net/valid.ts'
import { type Json, objectOf } from '../values/checked.ts'
import { loadFile, saveFile } from './file.ts'
import { type Format, jsonText, load, monotonicMs } from './stored.ts'

/**
 * How often the file is written at least. It is not believed for longer than `freshMs`, as a daemon that is gone judges
 * nothing.
 */
export const writeEveryMs = 5000
const freshMs = 30_000

export const healthFile: Format<Health> = {
  path: join(paths.run, 'health.json'),
  none: {},
  parse: (text) => parseHealth(text, monotonicMs()),
  format: (health) => jsonText({ at: monotonicMs(), health }),
}

/** Saves the health, in memory where it cannot be written: a full /run must not cost a failover. Never throws. */
export function saveHealth(health: Health): void {
  saveFile(healthFile.path, healthFile.format(health))
}

/** The health, empty where it is missing or too old. Never throws. */
export function loadHealth(): Health {
  return load(healthFile, 'no line is judged', loadFile)
}

/**
 * Health from the file's text: empty where it is too old, without lines that cannot be. `now` in ms of CLOCK_MONOTONIC.
 * Throws where the text is no JSON.
 */
export function parseHealth(text: string, now: number): Health {
  const facts = objectOf(JSON.parse(text))
  const age = now - Number(facts?.['at'])
  if (!(age >= 0 && age <= freshMs)) return {}
  const lines = Object.entries(objectOf(facts?.['health']) ?? {}).flatMap(([uplink, families]) => {
    const found = (['inet', 'inet6'] as const).flatMap((family): [Family, LineHealth][] => {
      const line = parseLine(objectOf(objectOf(families)?.[family]))
      return line ? [[family, line]] : []
    })
    return isUplinkName(uplink) && found.length > 0 ? [[uplink, Object.fromEntries(found)] as const] : []
  })
  return Object.fromEntries(lines)
}

function parseLine(value: Json | null): LineHealth | null {
  const state = (['online', 'suspect', 'offline'] as const).find((known) => known === value?.['state'])
  if (!value || !state) return null
  const text = (name: string) => (typeof value[name] === 'string' ? String(value[name]).slice(0, 200) : null)
  const misses = Object.entries(objectOf(value['misses']))
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .slice(0, mostQualities)
    .map(([asked, why]) => [asked.slice(0, 100), why.slice(0, 200)])
  return {
    state,
    degraded: value['degraded'] === true,
    ...(value['barred'] === true ? { barred: true } : {}),
    ...(misses.length > 0 && { misses: Object.fromEntries(misses) }),
    since: Number(value['since']) || 0,
    why: text('why') ?? '',
    ...eachFigure((name, { otherwise }) => (Number.isFinite(value[name]) ? Number(value[name]) : otherwise)),
    lastProbe: text('lastProbe'),
  }
}
