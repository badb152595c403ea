/** Finds and reads the configuration files. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../ids.ts'
import { hasCode } from '../os/files.ts'
import { messageOf, printable } from '../os/log.ts'
import { type ConfigFile, type LoadedConfig, parseConfig } from './parse.ts'
import { causeOf, readConfigFile } from './read.ts'
import { userId } from './users.ts'

export type { LoadedConfig }

export interface ConfigPaths {
  readonly config: string
  readonly configDropIns: string
}

/**
 * The configuration of this host: ifbalance.conf, then the drop-ins conf.d/*.conf by name, later keys over earlier
 * ones. All of them may be missing. Never throws: what cannot be read is an error of the result.
 */
export function loadConfig(where: ConfigPaths = paths): LoadedConfig {
  const { found, errors, warnings } = findDropIns(where.configDropIns)
  const files: ConfigFile[] = []
  for (const [index, path] of [where.config, ...found].entries()) {
    try {
      files.push({ path, text: readConfigFile(path) })
    } catch (error) {
      // Only the main file may be missing; a drop-in that was listed and is not there is a dangling link.
      const missing = index === 0 && error instanceof Error && hasCode(error.cause, 'ENOENT', 'ENOTDIR')
      if (!missing) errors.push(printable(messageOf(error)))
    }
  }
  const parsed = parseConfig(files, { readSet, userId })
  if (!parsed.ok) return { ...parsed, errors: [...errors, ...parsed.errors] }
  if (errors.length > 0) return { ok: false, errors, understood: parsed.config }
  return { ...parsed, warnings: [...warnings, ...parsed.warnings] }
}

/** A hundred thousand addresses of IPv6 with their prefixes. */
const maxSetMegabytes = 8

function readSet(path: string): string {
  return readConfigFile(path, maxSetMegabytes)
}

interface DropIns {
  readonly found: readonly string[]
  readonly errors: string[]
  readonly warnings: readonly string[]
}

/** The drop-ins in order of their bytes, as in systemd and run-parts(8), not of anyone's locale. */
function findDropIns(folder: string): DropIns {
  try {
    // Whoever may make files here decides what root does.
    if ((statSync(folder).mode & 0o002) !== 0) throw new Error('everyone may write it: expected chmod o-w')
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
      .sort()
    const found = names.filter(isDropInName).map((name) => join(folder, name))
    const strange = names.filter((name) => !isDropInName(name))
    return { found, errors: [], warnings: strange.map((name) => ignored(join(folder, name))) }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return { found: [], errors: [], warnings: [] }
    return { found: [], errors: [`reading ${folder}: ${causeOf(error)}`], warnings: [] }
  }
}

/** Also keeps out names that are not UTF-8: Node cannot even open what it listed. */
function isDropInName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(name)
}

function ignored(path: string): string {
  return printable(`${path}: ignored: expected a file name of letters, digits, _ . + -`)
}
