/** A value from outside as it may stand in a message: in quotes, escaped, and short. Pure. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value)
}
