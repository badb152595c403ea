/** Whether a name matches a shell pattern of `*` and `?`, as configured for names of interfaces. Pure. */
export function matchesPattern(pattern: string, name: string): boolean {
  const escaped = pattern
    .replaceAll(/[.\\+^$(){}|[\]]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${escaped}$`).test(name)
}
