/** Readers of unchecked values: each returns something harmless for a value of another type. Pure. */

export type Json = Readonly<Record<string, unknown>>

/** An object's members; none for anything else. */
export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

/** A list's values; none for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The texts in a list; other values are left out. */
export function stringsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === 'string')
}

/** A text; '' for anything else. */
export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function stringOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** A number; NaN for anything else, which is equal to nothing, and neither less nor greater than anything. */
export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN
}
