/** Debian packages and what comes with them. Pure. */

/** An installed package: names it can be asked for by, and for each of its dependencies the names that satisfy it. */
export interface Installed {
  readonly name: string
  readonly isEssential: boolean
  readonly provides: readonly string[]
  readonly needs: readonly (readonly string[])[]
}

/** Lines of `STATUS\tPackage\tEssential\tProvides\tPre-Depends\tDepends`, deb-control(5), of dpkg-query(1). */
export function parseStatus(text: string): readonly Installed[] {
  return text.split('\n').flatMap((line) => {
    const [status, name = '', essential, provides = '', before = '', after = ''] = line.split('\t')
    if (status !== 'installed') return []
    const needs = [...names(before), ...names(after)]
    return [{ name, isEssential: essential === 'yes', provides: names(provides).flat(), needs }]
  })
}

/** `a (>= 1) | b:any, c` -> [[a, b], [c]]: versions and architectures are left out. */
function names(relations: string): readonly (readonly string[])[] {
  return relations
    .split(',')
    .map((group) => group.split('|').map((one) => one.trim().split(/[ :(]/, 1)[0] ?? ''))
    .filter((group) => group.some((one) => one !== ''))
}

/** These and Debian's essential packages, with all that they need, as far as it is installed. */
export function packagesWithAll(wanted: readonly string[], installed: readonly Installed[]): readonly string[] {
  const byName = Map.groupBy(
    installed.flatMap((one) => [one.name, ...one.provides].map((name) => ({ name, one }))),
    ({ name }) => name,
  )
  const found = new Set<Installed>()
  const open = [...installed.filter(({ isEssential }) => isEssential), ...wanted.flatMap((name) => of(name))]
  for (let next = open.pop(); next; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    for (const alternatives of next.needs) open.push(...(alternatives.map(of).find(({ length }) => length > 0) ?? []))
  }
  return [...found].map(({ name }) => name)

  /** A package of that name, or else whatever provides it. */
  function of(name: string): readonly Installed[] {
    const all = (byName.get(name) ?? []).map(({ one }) => one)
    const named = all.filter((one) => one.name === name)
    return named.length > 0 ? named : all
  }
}
