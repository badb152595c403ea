/** Names of our routing tables, for ip(8), which has a link to this file: so only /run has to be writable. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { loadFile, saveFile } from './file.ts'

/** The target of the link /etc/iproute2/rt_tables.d/ifbalance.conf. */
export const tableNamesPath = join(paths.run, 'rt_tables.conf')

/**
 * The text as it was saved, unchecked, as it is only compared with what it should be; null where there is none. Never
 * throws.
 */
export function loadTableNames(): string | null {
  return loadFile(tableNamesPath)
}

/** Saves the text. Never throws: see file.ts. */
export function saveTableNames(text: string): void {
  saveFile(tableNamesPath, text)
}
