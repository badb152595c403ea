/** What is known of lines, written down now and then: it outlives a boot. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { isInterfaceName, isUplinkName } from '../net/valid.ts'
import { replaceFile } from '../os/files.ts'
import { type Json, objectOf } from '../values/checked.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

export interface KnownLine {
  readonly device: string
  /** What lines/capacity/stored.ts has written, and checks. */
  readonly line: Json
}

/** Known lines by uplink name. */
type Lines = ReadonlyMap<string, KnownLine>

export const linesFile: Format<Lines> = {
  path: join(paths.lib, 'lines.json'),
  none: new Map(),
  parse: parseLines,
  format: (lines) => jsonText(Object.fromEntries(lines)),
}

/** Never throws. */
export function loadLines(): Lines {
  return load(linesFile, 'lines are found out anew')
}

/** Throws where it cannot be written. */
export function saveLines(lines: Lines): void {
  replaceFile(linesFile.path, linesFile.format(lines), { mode: 0o600 })
}

function parseLines(text: string): Lines {
  const entries = Object.entries(jsonObject(text)).flatMap(([name, value]): [string, KnownLine][] => {
    const { device, line } = objectOf(value)
    const isOurs = typeof device === 'string' && isInterfaceName(device) && isUplinkName(name)
    return isOurs && typeof line === 'object' && line !== null && !Array.isArray(line)
      ? [[name, { device, line: objectOf(line) }]]
      : []
  })
  return new Map(entries)
}
