/** Uplinks that a command has taken out, until one takes them in again or the host boots: an empty file for each. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { isUplinkName } from '../net/valid.ts'
import { Failure } from '../os/error.ts'
import { removeFile, replaceFile } from '../os/files.ts'
import { makeFolder } from '../os/kept.ts'
import { filesIn } from './per-interface.ts'

export const disabledFolder = join(paths.run, 'disabled')

/** The names of disabled uplinks. Never throws. */
export function loadDisabled(): readonly string[] {
  return filesIn(disabledFolder).filter(isUplinkName)
}

/**
 * Enables or disables an uplink from the next round on. Throws a Failure for what is no uplink's name, before it
 * becomes a path.
 */
export function saveEnabled(uplink: string, enabled: boolean): void {
  if (!isUplinkName(uplink)) throw new Failure('usage', `"${uplink}" is no uplink's name`)
  const path = join(disabledFolder, uplink)
  if (enabled) removeFile(path)
  else replaceFile(path, '')
}

/**
 * Gives the folder to the daemon. Where root made it before the daemon first ran, the daemon could not write into it.
 */
export function giveDisabledToDaemon(): void {
  makeFolder(disabledFolder)
}
