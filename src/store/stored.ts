/** What each file of ours has in common: a path, and one way from its text to a value that can be believed, and back. */
import { Failure } from '../os/error.ts'
import { readIfThere } from '../os/files.ts'
import { log } from '../os/log.ts'
import { type Json, objectOf } from '../values/checked.ts'

export interface Format<T> {
  readonly path: string
  /** The value that holds where there is no such file, or none that can be read. */
  readonly none: T
  /**
   * Reads a file's text, which is hostile until checked: throws for a text that is none of ours, and leaves out each
   * part that cannot be.
   */
  readonly parse: (text: string) => T
  /** The text of the file; '' where there is to be no file. */
  readonly format: (value: T) => string
}

/**
 * The value in a file. Never throws: a file that is none of ours is as good as none, and is logged together with
 * `consequence`. `read` gives the file's text.
 */
export function load<T>(
  { path, none, parse }: Pick<Format<T>, 'path' | 'none' | 'parse'>,
  consequence: string,
  read: (path: string) => string | null = readIfThere,
): T {
  try {
    const text = read(path)
    return text === null ? none : parse(text)
  } catch (error) {
    log.failure('reading', path, error, consequence)
    return none
  }
}

/**
 * Milliseconds of CLOCK_MONOTONIC, which is the same in all processes, and which neither `date` nor a suspend moves.
 */
export function monotonicMs(): number {
  return Math.round(Number(process.hrtime.bigint() / 1_000_000n))
}

/** The members of a JSON object. Throws where the text is no JSON, or JSON of anything else. */
export function jsonObject(text: string): Json {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Failure('malformed', 'not an object')
  return objectOf(value)
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}
