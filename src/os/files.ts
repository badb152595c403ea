/** Small files, read whole with a bound and replaced whole. */
import { chownSync, closeSync, mkdirSync, openSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** The text of a file, or null where there is none. Throws where it is larger than `limit` bytes or unreadable. */
export function readIfThere(path: string, limit = 1024 * 1024): string | null {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
  try {
    const buffer = Buffer.alloc(limit + 1)
    let length = 0
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, null)
      length += read
      if (length > limit) throw new Error(`${path}: larger than ${limit} bytes`)
      if (read === 0) return buffer.toString('utf8', 0, length)
    }
  } finally {
    closeSync(fd)
  }
}

/**
 * Replaces a file as a whole (rename(2)), so that no reader and no crash sees half of it. The folder is made if needed,
 * and the file gets the folder's owner: hooks run as root, the daemon as a user of its own, and both write here.
 */
export function replaceFile(path: string, text: string, mode = 0o644): void {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, text, { mode })
  giveToOwnerOf(folder, draft)
  renameSync(draft, path)
}

export function giveToOwnerOf(folder: string, path: string): void {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = statSync(folder)
  chownSync(path, uid, gid)
}
