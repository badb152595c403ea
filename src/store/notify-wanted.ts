/**
 * Whether anyone is to be told of outages: ifbalance-notify.path starts the teller while this file is there. Its text is
 * another one with each change of the configuration, upon which the teller begins anew.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { NotifyConfig } from '../model/config.ts'
import { isWanted } from '../model/notify.ts'
import { loadFile, saveFile } from './file.ts'

/** In a folder of its own: systemd looks whenever anything changes in the folder of a file that is not there yet. */
export const notifyWantedPath = join(paths.run, 'notify', 'wanted')

/** A text for each configuration of those to be told; a digest, as a URL may be a secret. */
function wantedText(notify: NotifyConfig | undefined): string {
  if (!notify || !isWanted(notify)) return ''
  return `${createHash('sha256').update(JSON.stringify(notify)).digest('hex')}\n`
}

/** Writes the file where it is not so already. Never throws: see file.ts. */
export function saveWanted(notify: NotifyConfig | undefined): void {
  const text = wantedText(notify)
  if (text !== (loadFile(notifyWantedPath) ?? '')) saveFile(notifyWantedPath, text)
}

/** The text in the file; '' where nobody is to be told. Never throws. */
export function loadWanted(): string {
  return loadFile(notifyWantedPath) ?? ''
}
