/** Debian's AppArmor profiles confine some programs to their usual files; a copy of one has no profile. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import type { Disposer } from './disposer.ts'
import { labPaths } from './names.ts'

let copies = 0

/** The copy's path. Not below /run, from where nothing may be executed on many machines. */
export function unconfined(undo: Disposer, program: string): string {
  const copy = `${labPaths.images}/${basename(program)}-${process.pid}-${copies++}`
  mkdirSync(labPaths.images, { recursive: true })
  undo.defer(copy, async () => rmSync(copy, { force: true }))
  copyFileSync(program, copy)
  return copy
}
