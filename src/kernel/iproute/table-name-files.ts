/** Names that others have given to routing tables in their files. */
import { join } from 'node:path'
import { paths } from '../../layout.ts'
import { namesIn, readIfThere } from '../../os/files.ts'
import { parseTableNames } from './table-names.ts'

/** Names of the kernel's own tables, and others that no uplink may have. */
const everywhere = ['unspec', 'default', 'main', 'local', 'all']

/** Numbers of tables by name. Files that cannot be read name nothing. */
export function readTableNames(): Readonly<Record<string, number>> {
  const texts = paths.tableNamesOfOthers.flatMap((file) => [read(file), ...dropIns(`${file}.d`)])
  return Object.fromEntries(texts.flatMap(parseTableNames).filter(([name]) => !everywhere.includes(name)))
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
