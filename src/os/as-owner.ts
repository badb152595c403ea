/** Root gives up what it may do before it reads what is another user's. */
import { lstatSync } from 'node:fs'
import { Failure } from './error.ts'

/**
 * Where we are root, becomes the owner of a folder, for good: what is in it may be anything then, and cannot make us do
 * more than its owner may. Throws where the folder is not there, or is none.
 */
export function becomeOwnerOf(folder: string): void {
  if (process.geteuid?.() !== 0) return
  const found = lstatSync(folder)
  if (!found.isDirectory()) throw new Failure('unreadable', `${folder} is no folder`)
  if (found.uid === 0) return
  process.setgroups?.([found.gid])
  process.setgid?.(found.gid)
  process.setuid?.(found.uid)
}
