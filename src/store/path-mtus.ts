/** What the daemon has found out of how large packets may be, for whoever looks at the world: hooks keep it, too. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { PathMtu, PathMtus } from '../model/path-mtu.ts'
import type { Family } from '../net/family.ts'
import { leastMtu } from '../net/mtu.ts'
import { isGateway, isInterfaceName } from '../net/valid.ts'
import { type Json, numberOf, objectOf } from '../values/checked.ts'
import { loadFile, saveFile } from './file.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

/** The file has no age: what was found out stays true when the daemon is gone. */
export const pathMtusFile: Format<PathMtus> = {
  path: join(paths.run, 'path-mtus.json'),
  none: {},
  parse: parsePathMtus,
  format: jsonText,
}

/** Never throws. */
export function savePathMtus(found: PathMtus): void {
  saveFile(pathMtusFile.path, pathMtusFile.format(found))
}

/** Never throws. */
export function loadPathMtus(): PathMtus {
  return load(pathMtusFile, 'how large packets may be is found out anew', loadFile)
}

function parsePathMtus(text: string): PathMtus {
  return Object.fromEntries(
    Object.entries(jsonObject(text)).flatMap(([device, families]) => {
      const known = (['inet', 'inet6'] as const).flatMap((family): [Family, PathMtu][] => {
        const found = parseOne(family, objectOf(objectOf(families)[family]))
        return found ? [[family, found]] : []
      })
      return isInterfaceName(device) && known.length > 0 ? [[device, Object.fromEntries(known)] as const] : []
    }),
  )
}

function parseOne(family: Family, { gateway, most, mtu, at }: Json): PathMtu | null {
  const isSize = (value: unknown) => Number.isSafeInteger(value) && numberOf(value) >= leastMtu[family]
  const isBy = gateway === null || (typeof gateway === 'string' && isGateway(gateway, family))
  if (!isBy || !isSize(most) || !Number.isSafeInteger(at)) return null
  if (mtu !== null && !(isSize(mtu) && numberOf(mtu) < numberOf(most))) return null
  return { gateway, most: numberOf(most), mtu: mtu === null ? null : numberOf(mtu), at: numberOf(at) }
}
