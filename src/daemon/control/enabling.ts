/** Uplinks that are taken out by command, until they are taken in again or the host boots: an empty file each. */
import { join } from 'node:path'
import { paths } from '../../layout.ts'
import { isUplinkName } from '../../net/valid.ts'
import { Failure } from '../../os/error.ts'
import { removeFile, replaceFile } from '../../os/files.ts'
import { didYouMean } from '../../values/nearest.ts'
import type { Reply } from './protocol.ts'

/** Null where there is such an uplink: one of `known`, whose names are fit for files. */
export function noSuchUplink(uplink: string, known: readonly string[]): Reply | null {
  if (isUplinkName(uplink) && known.includes(uplink)) return null
  return { ok: false, misuse: true, message: `there is no uplink "${uplink.slice(0, 40)}"${didYouMean(uplink, known)}` }
}

/** Takes effect with the next round. Throws for what is no uplink's name, before it becomes a path. */
export function setEnabled(uplink: string, enabled: boolean): void {
  if (!isUplinkName(uplink)) throw new Failure('usage', `"${uplink}" is no uplink's name`)
  const path = join(paths.disabled, uplink)
  if (enabled) removeFile(path)
  else replaceFile(path, '')
}

/** What became of it: a section of the configuration with `enabled = no` has the last word. */
export function enablingReply(
  uplink: string,
  enabled: boolean,
  state: string | undefined,
  { ok, message }: Reply,
): Reply {
  if (enabled && state === 'disabled')
    return { ok: false, message: `${uplink} stays disabled: its section in the configuration says enabled = no` }
  return { ok, message: ok ? `${uplink} is ${state ?? 'gone'}; ${message}` : message }
}
