/** Small files, read whole with a bound and replaced whole. */
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** Most of what we read is far smaller; files in /proc do not tell their size. */
const chunkSize = 4096

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
    const chunks: Buffer[] = []
    let length = 0
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkSize)
      const read = readSync(fd, chunk, 0, chunkSize, null)
      if (read === 0) return (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString('utf8') ?? ''
      length += read
      if (length > limit) throw new Error(`${path}: larger than ${limit} bytes`)
      chunks.push(chunk.subarray(0, read))
    }
  } finally {
    closeSync(fd)
  }
}

/**
 * Reads a file of /proc again and again without opening it each time: a fifth of the work. Gives '' where it cannot be
 * read. Such a file is made anew for whoever reads it from its beginning.
 */
export function rereadable(path: string): () => string {
  const chunk = Buffer.allocUnsafe(chunkSize)
  let fd: number | null = null
  return () => {
    try {
      fd ??= openSync(path, 'r')
      let text = ''
      for (let position = 0; ; ) {
        const read = readSync(fd, chunk, 0, chunkSize, position)
        if (read === 0) return text
        text += chunk.toString('latin1', 0, read)
        position += read
      }
    } catch {
      if (fd !== null) closeSync(fd)
      fd = null
      return ''
    }
  }
}

/**
 * Replaces a file as a whole (rename(2)), so that no reader and no crash sees half of it. The folder is made if needed,
 * and the file gets the folder's owner: hooks run as root, the daemon as a user of its own, and both write here.
 */
export function replaceFile(path: string, text: string, mode = 0o644): void {
  const folder = dirname(path)
  makeFolder(folder)
  const draft = `${path}.${process.pid}`
  rmSync(draft, { force: true })
  // O_EXCL: what the folder's owner put here in the meantime, a link for one, is not followed.
  const fd = openSync(draft, 'wx', mode)
  try {
    writeSync(fd, text)
    giveToOwnerOf(folder, fd)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Throws where something else has the name: a link would have root write where the daemon's user cannot. */
function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true })
  if (!lstatSync(folder).isDirectory()) throw new Error(`${folder}: not a folder`)
}

/** An empty file that nobody else may open: whoever can open it can lock it. */
export function makePrivateFile(path: string): void {
  makeFolder(dirname(path))
  // Not for writing: where the file system has become read-only, the file that is there can still be locked.
  const { O_RDONLY, O_CREAT, O_NOFOLLOW } = constants
  const fd = openSync(path, O_RDONLY | O_CREAT | O_NOFOLLOW, 0o600)
  try {
    giveToOwnerOf(dirname(path), fd)
  } finally {
    closeSync(fd)
  }
}

function giveToOwnerOf(folder: string, fd: number): void {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = statSync(folder)
  const own = fstatSync(fd)
  if (own.uid !== uid || own.gid !== gid) fchownSync(fd, uid, gid)
}
