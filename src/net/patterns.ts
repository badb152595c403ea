/** Shell patterns of `*` and `?`, as the configuration has them for names of interfaces. */
export function matchesPattern(pattern: string, name: string): boolean {
  const escaped = pattern
    .replaceAll(/[.\\+^$(){}|[\]]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${escaped}$`).test(name)
}
