/** Names that others have given to routing tables: rt_tables of iproute2, see ip-route(8). */
import { join } from 'node:path'
import { paths } from '../../layout.ts'
import { namesIn, readIfThere } from '../../os/files.ts'

/** The kernel's own tables, and what no uplink may be called. */
const everywhere = ['unspec', 'default', 'main', 'local', 'all']

/** By name, the table's number. Files that cannot be read name nothing. */
export function readTableNames(): Readonly<Record<string, number>> {
  const texts = paths.tableNamesOfOthers.flatMap((file) => [read(file), ...dropIns(`${file}.d`)])
  const named = texts.flatMap((text) => [...text.matchAll(/^\s*(0x[0-9a-f]{1,8}|\d{1,10})\s+([^\s#]+)/gim)])
  return Object.fromEntries(
    named
      .map(([, number, name = '']) => [name, Number(number)] as const)
      .filter(([name]) => !everywhere.includes(name)),
  )
}

function dropIns(folder: string): readonly string[] {
  const names = quietly(() => namesIn(folder), [])
  return names
    .filter((name) => name.endsWith('.conf') && name !== 'ifbalance.conf')
    .map((name) => read(join(folder, name)))
}

function read(path: string): string {
  return quietly(() => readIfThere(path), null) ?? ''
}

function quietly<T>(work: () => T, otherwise: T): T {
  try {
    return work()
  } catch {
    return otherwise
  }
}
