/** Whether everything that is ours is taken down and stays so: a file says that to hooks, timers and commands. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { removeFile, replaceFile } from '../os/files.ts'
import { log } from '../os/log.ts'

export const heldDownPath = join(paths.run, 'held-down')

/**
 * From now on, rounds take away what is ours and then leave the host alone. Where that cannot be noted, the log says
 * so.
 */
export function pause(): void {
  attempt('hooks put back what is taken away', () => replaceFile(heldDownPath, ''))
}

/** Rounds balance again from now on. */
export function resume(): void {
  if (isPaused()) attempt('all stays taken down', () => removeFile(heldDownPath))
}

export function isPaused(): boolean {
  return existsSync(heldDownPath)
}

function attempt(consequence: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    log.failure('', heldDownPath, error, consequence)
  }
}
