/** How many uplinks are usable, for a `track_file` of keepalived, which reads the file whenever it is written. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { overwriteFile, readIfThere, removeFile } from '../os/files.ts'
import { log } from '../os/log.ts'

export const usablePath = join(paths.run, 'usable')

/** The number in the file; null where there is none. Never throws. */
export function loadUsable(): number | null {
  try {
    const text = readIfThere(usablePath)
    return text !== null && /^\d{1,2}\n*$/.test(text) ? Number(text) : null
  } catch (error) {
    log.failure('reading', usablePath, error, 'as if it were not there')
    return null
  }
}

/** Writes the number in place, as others watch the file and not its folder; null removes the file. Never throws. */
export function saveUsable(count: number | null): void {
  try {
    if (count === null) removeFile(usablePath)
    else overwriteFile(usablePath, `${count}\n`)
  } catch (error) {
    log.failure('writing', usablePath, error, 'keepalived goes on with what it read last')
  }
}
