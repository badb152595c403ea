/** What only root may do. */
import { log } from '../os/log.ts'

export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** Says so where it is refused: then exit with 1. */
export function refusedToOthers(command: string): boolean {
  if (!isRoot()) log.error(`${command}: only root can do this`)
  return !isRoot()
}
