/** Ways out that the kernel refuses, saved by the run that tried them last for those that look without trying. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { RefusedPath } from '../model/facts.ts'
import { isInterfaceName } from '../net/valid.ts'
import { listOf, objectOf } from '../values/checked.ts'
import { loadFile, saveFile } from './file.ts'
import { type Format, jsonText, load } from './stored.ts'

export const refusedFile: Format<readonly RefusedPath[]> = {
  path: join(paths.run, 'refused.json'),
  none: [],
  parse: (text) => listOf(JSON.parse(text)).flatMap(parsePath),
  format: (refused) => (refused.length > 0 ? jsonText(refused) : ''),
}

/** The refused ways out, none where nothing is known. Never throws. */
export function loadRefused(): readonly RefusedPath[] {
  return load(refusedFile, 'as if nothing were refused', loadFile)
}

/** Saves the refused ways out. Never throws: see file.ts. */
export function saveRefused(refused: readonly RefusedPath[]): void {
  saveFile(refusedFile.path, refusedFile.format(refused))
}

function parsePath(value: unknown): readonly RefusedPath[] {
  const { family, device, gateway, why } = objectOf(value)
  const isPath = (family === 'inet' || family === 'inet6') && typeof device === 'string' && isInterfaceName(device)
  const only = gateway === null || typeof gateway === 'string' ? { gateway } : {}
  return isPath ? [{ family, device, ...only, why: String(why) }] : []
}
