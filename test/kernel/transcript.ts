/** What a program has said, line by line, with the fields of events where it is a daemon that was started with `eventsToo`. */

import type { Cause } from '../../src/model/cause.ts'
import { checked } from '../json.ts'

/** Has a daemon say its lines with the fields of events (ifbalance(8), ENVIRONMENT). */
export const eventsToo = 'IFBALANCE_LOG=json'

export type Told = Readonly<Record<string, unknown>>

/**
 * Fields of an event (src/model/event.ts) as they have to be: the value itself, a pattern that its text has to match, or what has to
 * be true of it.
 */
export type Fields = Readonly<Record<string, unknown>>

export interface Transcript {
  readonly hear: (text: string) => void
  /** All lines, as people have them. */
  readonly said: () => readonly string[]
  /** Events with these fields, from `since` (a count of lines) on. */
  readonly told: (fields: Fields, since?: number) => readonly Told[]
  /** Lines that are no message of the log: of a daemon, warnings of Node.js, and what is left of a crash. */
  readonly noise: () => readonly string[]
}

export function createTranscript(): Transcript {
  const lines: string[] = []
  /** Of each line, the fields of its event; none where it has none, and null for what is no message. */
  const events: (Told | null)[] = []
  return {
    hear: (text) => {
      const { line, fields } = readLine(text)
      lines.push(line)
      events.push(fields)
    },
    said: () => lines,
    told: (fields, since = 0) => events.slice(since).flatMap((told) => (told && hasFields(told, fields) ? [told] : [])),
    noise: () => lines.filter((_, index) => events[index] === null),
  }
}

function readLine(text: string): { readonly line: string; readonly fields: Told | null } {
  if (!text.startsWith('{"format":1,"priority":')) return { line: text, fields: null }
  const told = checked('log', JSON.parse(text) as Told & { readonly message: string })
  const { message, format: _, priority: __, ...fields } = told
  return { line: `ifbalance: ${message}`, fields }
}

function hasFields(told: Told, fields: Fields): boolean {
  return Object.entries(fields).every(([name, wanted]) =>
    wanted instanceof RegExp
      ? name in told && wanted.test(String(told[name]))
      : typeof wanted === 'function'
        ? wanted(told[name]) === true
        : JSON.stringify(told[name]) === JSON.stringify(wanted),
  )
}

/** A round that changed something, whoever had it look, after which new connections take some uplink. */
export const balancing: Fields = { event: 'round', heldDown: false, carrying: /./ }

/**
 * A round that changed something, and that a watcher, or the kernel's word of this or of what the daemon did before, has
 * caused. A regular look, which would find all that is missed, is too far away for that.
 */
export const changedSoon: Fields = { event: 'round', causes: (causes: readonly Cause[]) => causes.length > 0 }

/** A round that changed something, for which one cause was like this. */
export const after = (wanted: Fields): Fields => ({
  event: 'round',
  causes: (causes: readonly Cause[]) => causes.some((cause) => hasFields({ ...cause }, wanted)),
})
