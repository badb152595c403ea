/** What the daemon knows of the lines, handed by a file to whoever looks at the world: itself, hooks, commands. */

import { paths } from '../layout.ts'
import type { Health, LineHealth } from '../model/health.ts'
import type { Family } from '../net/family.ts'
import { isUplinkName } from '../net/valid.ts'
import { log, messageOf } from '../os/log.ts'
import { type Json, objectOf } from '../values/checked.ts'
import { readNote, writeNote } from './file.ts'

/** Written this often at least, and not believed for longer than `freshMs`: a daemon that is gone judges nothing. */
export const writeEveryMs = 5000
const freshMs = 30_000

/** Monotonic and the same in all processes: CLOCK_MONOTONIC, which neither `date` nor a suspend moves. */
function monotonicMs(): number {
  return Math.round(Number(process.hrtime.bigint() / 1_000_000n))
}

/** Kept in memory where it cannot be written: a full /run must not cost a failover. */
export function writeHealth(health: Health): void {
  writeNote(paths.health, `${JSON.stringify({ at: monotonicMs(), health })}\n`)
}

export function readHealth(): Health {
  try {
    return parseHealth(readNote(paths.health), monotonicMs())
  } catch (error) {
    log.warning(`reading ${paths.health}: ${messageOf(error)}; no line is judged`)
    return {}
  }
}

export function parseHealth(text: string | null, now: number): Health {
  if (text === null) return {}
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
  return {
    state,
    degraded: value['degraded'] === true,
    ...(value['barred'] === true ? { barred: true } : {}),
    since: Number(value['since']) || 0,
    why: text('why') ?? '',
    latencyMs: typeof value['latencyMs'] === 'number' ? value['latencyMs'] : null,
    loss: Number(value['loss']) || 0,
    lastProbe: text('lastProbe'),
  }
}
