/** Names of our routing tables, for ip(8): /etc/iproute2/rt_tables.d/ifbalance.conf is a link to it, so only /run has to be writable. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { loadFile, saveFile } from './file.ts'

export const tableNamesPath = join(paths.run, 'rt_tables.conf')

/** As it was saved: it is only compared with what it should be. Null where there is none. Never throws. */
export function loadTableNames(): string | null {
  return loadFile(tableNamesPath)
}

/** Never throws: see store/file.ts. */
export function saveTableNames(text: string): void {
  saveFile(tableNamesPath, text)
}
