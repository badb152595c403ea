/**
 * Safe access to our folders in /run and /var/lib. They belong to the daemon's user, and hooks work in them as root.
 * Whoever has become the daemon must not become root by that: names are resolved so that a link, a FIFO or a folder in
 * place of another leads root nowhere and holds nothing up.
 */
import { closeSync, constants, fchownSync, fstatSync, mkdirSync, openSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { paths } from '../layout.ts'

const ours = [paths.run, paths.lib] as const
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants
const asFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW

/**
 * Calls `work` with a name of `path` that leads to the same folder however that is renamed or replaced meanwhile.
 * Node.js has no openat(2), but /proc/self/fd/N is the folder that descriptor N has (proc_pid_fd(5)). Only root needs
 * this, and only in our own folders. The last part of the name is not resolved here.
 */
export function held<T>(path: string, work: (path: string) => T): T {
  return heldFolder(dirname(path), (folder) => work(`${folder}/${basename(path)}`))
}

/** The same for a folder: calls `work` with a name that leads to it whatever becomes of its name. */
export function heldFolder<T>(folder: string, work: (folder: string) => T): T {
  if (process.geteuid?.() !== 0 || !isOurs(folder)) return work(folder)
  const fd = openFolder(folder)
  const handle = `/proc/self/fd/${fd}`
  try {
    return work(handle)
  } catch (error) {
    // Messages name the folder as people know it.
    if (error instanceof Error) error.message = error.message.replaceAll(handle, folder)
    throw error
  } finally {
    closeSync(fd)
  }
}

/**
 * Makes a folder. One of ours gets the owner of the folder above it, also where it was there already: root may have
 * made it before the daemon first ran.
 */
export function makeFolder(folder: string): void {
  if (!isOurs(folder)) return void mkdirSync(folder, { recursive: true })
  const above = dirname(folder)
  if (isOurs(above)) makeFolder(above)
  held(folder, (path) => {
    try {
      mkdirSync(path)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const fd = openSync(path, asFolder)
    try {
      if (isOurs(above)) giveToOwnerOf(dirname(path), fd)
    } finally {
      closeSync(fd)
    }
  })
}

/** Gives an open file to its folder's owner, where it is root's. */
export function giveToOwnerOf(folder: string, fd: number): void {
  if (process.geteuid?.() !== 0) return
  const { uid, gid } = statSync(folder)
  const own = fstatSync(fd)
  if (own.uid === 0 && (uid !== 0 || own.gid !== gid)) fchownSync(fd, uid, gid)
}

function isOurs(folder: string): boolean {
  return ours.some((root) => folder === root || folder.startsWith(`${root}/`))
}

/**
 * Opens one of our folders without following links. /run and /var/lib are root's, so nobody can replace our folder in
 * them, but its owner can replace what is in it.
 */
function openFolder(folder: string): number {
  if (ours.some((root) => root === folder)) return openSync(folder, asFolder)
  const above = openFolder(dirname(folder))
  try {
    return openSync(`/proc/self/fd/${above}/${basename(folder)}`, asFolder)
  } finally {
    closeSync(above)
  }
}
