/** Small files: read whole, up to a bound, and replaced whole. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Failure, hasCode } from './error.ts'
import { giveToOwnerOf, held, heldFolder, makeFolder } from './kept.ts'

/** Bytes read at a time. Most of what we read is far smaller, and files in /proc do not tell their size. */
const chunkSize = 4096
/** A folder with more files is not one of ours. */
const mostFiles = 4096

/** Flags with which nothing that lies in a file's place makes us wait, and no link in a folder of ours is followed. */
const { O_RDONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants

/**
 * The text of a file, or null where there is none. Throws where it is larger than `limit` bytes, unreadable, or no regular
 * file.
 */
export function readIfThere(path: string, limit = 1024 * 1024): string | null {
  try {
    return held(path, (name) => readRegular(name, name === path ? 0 : O_NOFOLLOW, limit))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

function readRegular(path: string, more: number, limit: number): string {
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | more)
  try {
    if (!fstatSync(fd).isFile()) throw new Failure('unreadable', `${path}: not a regular file`)
    const chunks: Buffer[] = []
    let length = 0
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkSize)
      const read = readSync(fd, chunk, 0, chunkSize, null)
      if (read === 0) return (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString('utf8') ?? ''
      length += read
      if (length > limit) throw new Failure('too-large', `${path}: larger than ${limit} bytes`)
      chunks.push(chunk.subarray(0, read))
    }
  } finally {
    closeSync(fd)
  }
}

/** The first `limit` bytes of a file of /proc as text. Throws where it cannot be read. */
export function readBeginning(path: string, limit: number): string {
  const fd = openSync(path, 'r')
  try {
    const chunk = Buffer.alloc(limit)
    let length = 0
    for (let read = 1; read > 0 && length < limit; length += read)
      read = readSync(fd, chunk, length, limit - length, null)
    return chunk.toString('utf8', 0, length)
  } finally {
    closeSync(fd)
  }
}

/**
 * Returns what reads a file of /proc again and again without opening it each time, which is a fifth of the work: the
 * kernel makes such a file anew for whoever reads it from its beginning. Gives '' where it cannot be read.
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
 * Replaces a file as a whole (rename(2)), so that no reader, no crash and no full disk sees half of it. The folder is
 * made if needed, and the file gets the folder's owner: hooks run as root, the daemon as a user of its own, and both
 * write here. With `lasting`, the text is on the disk when this returns (fsync(2)). Throws what the file system throws.
 */
export function replaceFile(path: string, text: string, { mode = 0o644, lasting = false } = {}): void {
  makeFolder(dirname(path))
  held(path, (name) => {
    const draft = draftOf(name)
    rmSync(draft, { force: true })
    // O_EXCL: what the folder's owner has put here in the meantime, such as a link, is not followed.
    const fd = openSync(draft, 'wx', mode)
    try {
      // writeFileSync, as writeSync on a disk that fills up writes only a part, and returns how much.
      writeFileSync(fd, text)
      giveToOwnerOf(dirname(name), fd)
      if (lasting) fsyncSync(fd)
      putInPlace(draft, name)
    } catch (error) {
      rmSync(draft, { force: true })
      throw error
    } finally {
      closeSync(fd)
    }
  })
}

/**
 * Writes a text into a file that others watch, without making another one in its place; at no time is it empty. Throws what
 * the file system throws.
 */
export function overwriteFile(path: string, text: string): void {
  makeFolder(dirname(path))
  held(path, (name) => {
    const fd = openSync(name, constants.O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o644)
    try {
      if (!fstatSync(fd).isFile()) throw new Failure('unreadable', `${path}: not a regular file`)
      giveToOwnerOf(dirname(name), fd)
      const bytes = Buffer.from(text)
      writeSync(fd, bytes, 0, bytes.length, 0)
      ftruncateSync(fd, bytes.length)
    } finally {
      closeSync(fd)
    }
  })
}

/** A name for the new text until it is in place. It begins with a dot, unlike all names that we look for. */
function draftOf(path: string, kind = ''): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}${kind}`)
}

/**
 * Renames the draft. A folder that has the name of a file of ours is moved away: nobody wants what is in it deleted.
 */
function putInPlace(draft: string, path: string): void {
  try {
    renameSync(draft, path)
  } catch (error) {
    if (!hasCode(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST')) throw error
    renameSync(path, draftOf(path, '.folder'))
    renameSync(draft, path)
  }
}

/** Removes a file. No error where there is none; throws anything else that the file system throws. */
export function removeFile(path: string): void {
  try {
    held(path, (name) => unlinkSync(name))
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
  }
}

/**
 * The names in a folder; none where there is no folder. Throws where it cannot be read, or has more than 4096 names.
 */
export function namesIn(folder: string): readonly string[] {
  try {
    return heldFolder(folder, readNames)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}

function readNames(folder: string): readonly string[] {
  const names: string[] = []
  const list = opendirSync(folder)
  try {
    for (let entry = list.readSync(); entry; entry = list.readSync()) {
      names.push(entry.name)
      if (names.length > mostFiles) throw new Failure('too-large', `${folder}: more than ${mostFiles} files`)
    }
    return names
  } finally {
    list.closeSync()
  }
}

/** Opens or makes an empty file that nobody else may open, as whoever can open it can lock it. Returns a descriptor. */
export function openPrivateFile(path: string): number {
  makeFolder(dirname(path))
  return held(path, (name) => {
    if (lstatSync(name, { throwIfNoEntry: false })?.isFile() === false) renameSync(name, draftOf(name, '.former'))
    // Opened for reading, so that the file can be locked, too, where the file system has become read-only.
    const fd = openSync(name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
    try {
      if (!fstatSync(fd).isFile()) throw new Failure('unreadable', `${path}: not a regular file`)
      giveToOwnerOf(dirname(name), fd)
      return fd
    } catch (error) {
      closeSync(fd)
      throw error
    }
  })
}

/** Linux's __O_TMPFILE, which Node.js does not name: a file without a name, which is gone with its last user. */
const noName = 0o20000000

/**
 * Opens a nameless file in this folder with this text in it, and returns its descriptor. Throws where that is
 * impossible.
 */
export function unnamedFile(folder: string, text: string): number {
  const file = openSync(folder, constants.O_RDWR | constants.O_DIRECTORY | noName, 0o600)
  writeFileSync(file, text)
  return file
}
