/**
 * Uplinks that a command has taken out or drains, until one takes them in again or the host boots: an empty file for
 * each.
 */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { isUplinkName } from '../net/valid.ts'
import { Failure } from '../os/error.ts'
import { removeFile, replaceFile } from '../os/files.ts'
import { makeFolder } from '../os/kept.ts'
import { filesIn } from './per-interface.ts'

export const switchFolders = { disabled: join(paths.run, 'disabled'), drained: join(paths.run, 'drained') } as const
type Switch = keyof typeof switchFolders

/** What a command does with an uplink. `enable` ends both others; `disable` leaves a drain on, see lingers in model/uplink.ts. */
export const switchVerbs = ['enable', 'disable', 'drain'] as const
export type SwitchVerb = (typeof switchVerbs)[number]

/** The names of the uplinks that are switched so. Never throws. */
export function loadSwitched(which: Switch): readonly string[] {
  return filesIn(switchFolders[which]).filter(isUplinkName)
}

/**
 * Switches an uplink from the next round on. Throws a Failure for what is no uplink's name, before it becomes a path.
 */
export function saveSwitch(verb: SwitchVerb, uplink: string): void {
  if (!isUplinkName(uplink)) throw new Failure('usage', `"${uplink}" is no uplink's name`)
  if (verb !== 'drain') set('disabled', uplink, verb === 'disable')
  if (verb !== 'disable') set('drained', uplink, verb === 'drain')
}

function set(which: Switch, uplink: string, on: boolean): void {
  const path = join(switchFolders[which], uplink)
  if (on) replaceFile(path, '')
  else removeFile(path)
}

/**
 * Gives the folders to the daemon. Where root made them before the daemon first ran, the daemon could not write into
 * them.
 */
export function giveSwitchesToDaemon(): void {
  for (const folder of Object.values(switchFolders)) makeFolder(folder)
}
