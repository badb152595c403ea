/** The sysctls that we set, read from and written to /proc/sys. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bridgedFramesSysctl, hashSysctls, linkSysctls, paths } from '../layout.ts'
import type { Link } from '../model/kernel.ts'
import { isInterfaceName } from '../net/valid.ts'
import { hasCode } from '../os/error.ts'
import { readBeginning } from '../os/files.ts'

/**
 * Values of the host's sysctls, of links' that have an address, and of what earlier runs changed; those that do not
 * exist are absent. `sourceCheck`: those that the kernel's source validation depends on, too.
 */
export function readSysctls(
  links: readonly Link[],
  former: Iterable<string>,
  sourceCheck: boolean,
): Readonly<Record<string, string>> {
  const configured = links.filter((link) => link.addresses.length > 0 && isInterfaceName(link.name))
  const names = new Set([
    ...hashSysctls.policies,
    ...hashSysctls.fields,
    ...configured.flatMap(namesOf),
    ...(sourceCheck ? [bridgedFramesSysctl, ...[{ name: 'all' }, ...configured].flatMap(sourceCheckNamesOf)] : []),
    ...former,
  ])
  const values = [...names].map((name) => [name, readSysctl(name)] as const)
  return Object.fromEntries(values.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}

/** Null where there is none. It is read without more ado, as a host may have thousands. */
function readSysctl(name: string): string | null {
  try {
    return readBeginning(`${paths.sysctl}/${name}`, mostBytes).trim()
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

/** All that we read are numbers. */
const mostBytes = 64

/** Sets a sysctl. Throws what the kernel says. */
export function writeSysctl(name: string, value: string): void {
  writeFileSync(join(paths.sysctl, name), value)
}

function sourceCheckNamesOf({ name }: Pick<Link, 'name'>): readonly string[] {
  const { rpFilter, acceptLocal, sourceByMark } = linkSysctls(name)
  return [rpFilter, acceptLocal, sourceByMark]
}

function namesOf({ name }: Link): readonly string[] {
  const { rpFilter, ignoreLinkDown } = linkSysctls(name)
  return [rpFilter, ignoreLinkDown.inet, ignoreLinkDown.inet6]
}
