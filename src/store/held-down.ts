/** Whether everything is held down: a file says so to hooks, timers and commands. */
import { existsSync } from 'node:fs'
import { paths } from '../layout.ts'
import { removeFile, replaceFile } from '../os/files.ts'
import { log, messageOf } from '../os/log.ts'

/** From now on, rounds take away what is ours, and then leave the host alone. Where that cannot be noted, a line says so. */
export function hold(): void {
  note('hooks put back what is taken away', () => replaceFile(paths.held, ''))
}

export function release(): void {
  if (isHeld()) note('all stays taken down', () => removeFile(paths.held))
}

export function isHeld(): boolean {
  return existsSync(paths.held)
}

function note(consequence: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    log.warning(`${paths.held}: ${messageOf(error)}; ${consequence}`)
  }
}
