/** When lines were asked how large packets may be, and with how many bytes: a restart of the daemon has no other day's budget. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { MtuAsked, MtuSearches } from '../model/path-mtu.ts'
import { isUplinkName } from '../net/valid.ts'
import { type Json, objectOf } from '../values/checked.ts'
import { loadFile, saveFile } from './file.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

export const mtuSearchesFile: Format<MtuSearches> = {
  path: join(paths.run, 'mtu-searches.json'),
  none: {},
  parse: parseSearches,
  format: jsonText,
}

/** Never throws. */
export function saveMtuSearches(searches: MtuSearches): void {
  saveFile(mtuSearchesFile.path, mtuSearchesFile.format(searches))
}

/** Never throws. */
export function loadMtuSearches(): MtuSearches {
  return load(mtuSearchesFile, 'how large packets may be is asked anew', loadFile)
}

/** Of a device, a gateway and a size. */
const longestIdentity = 100

function parseSearches(text: string): MtuSearches {
  return Object.fromEntries(
    Object.entries(jsonObject(text)).flatMap(([key, value]) => {
      const [name = '', family = '', ...more] = key.split(' ')
      const asked = parseOne(objectOf(value))
      const isLine = isUplinkName(name) && ['inet', 'inet6'].includes(family) && more.length === 0
      return isLine && asked ? [[key, asked] as const] : []
    }),
  )
}

function parseOne({ identity, at, failures, wasOut, sent, countedFrom }: Json): MtuAsked | null {
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
  if (typeof identity !== 'string' || identity.length > longestIdentity || typeof wasOut !== 'boolean') return null
  if (!isCount(at) || !isCount(failures) || !isCount(sent) || !isCount(countedFrom)) return null
  return { identity, at, failures, wasOut, sent, countedFrom }
}
