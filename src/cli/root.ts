/** Whether we are root, and what is said to others. */
import { log } from '../os/log.ts'

export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/** Whether the command is refused as we are not root, which is logged then; the exit code is 1. */
export function refusedToOthers(command: string): boolean {
  if (!isRoot()) log.error(`${command}: only root can do this`)
  return !isRoot()
}
