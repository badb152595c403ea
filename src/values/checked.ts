/** Readers of unchecked values: each returns something harmless for a value of another type. Pure. */

export type Json = Readonly<Record<string, unknown>>

export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function stringsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === 'string')
}

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
