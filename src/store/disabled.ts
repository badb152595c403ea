/** Uplinks that are taken out by command, until they are taken in again or the host boots: an empty file each. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { isUplinkName } from '../net/valid.ts'
import { Failure } from '../os/error.ts'
import { removeFile, replaceFile } from '../os/files.ts'
import { makeFolder } from '../os/kept.ts'
import { filesIn } from './per-interface.ts'

export const disabledFolder = join(paths.run, 'disabled')

/** Their names. Never throws. */
export function loadDisabled(): readonly string[] {
  return filesIn(disabledFolder).filter(isUplinkName)
}

/** Takes effect with the next round. Throws for what is no uplink's name, before it becomes a path. */
export function saveEnabled(uplink: string, enabled: boolean): void {
  if (!isUplinkName(uplink)) throw new Failure('usage', `"${uplink}" is no uplink's name`)
  const path = join(disabledFolder, uplink)
  if (enabled) removeFile(path)
  else replaceFile(path, '')
}

/** Where root made the folder before the daemon came, the daemon could not do what it is asked for. */
export function giveDisabledToDaemon(): void {
  makeFolder(disabledFolder)
}
