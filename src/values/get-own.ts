/** A record's own value, or undefined. `constructor` is a fine name for an interface, and every object inherits one. */
export function getOwn<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
