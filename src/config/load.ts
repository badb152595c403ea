/** Finds and reads the configuration files. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { Failure, hasCode } from '../os/error.ts'
import { messageOf, printable } from '../os/log.ts'
import type { ConfigSource } from '../store/last-good.ts'
import type { ConfigFile, LoadedConfig } from './loaded.ts'
import { parseConfig } from './parse.ts'
import { causeOf, readConfigFile } from './read.ts'
import { userId } from './users.ts'
import type { Outside } from './values/outside.ts'

export interface ConfigPaths {
  readonly config: string
  readonly configDropIns: string
}

export type Loaded = LoadedConfig & { readonly source: ConfigSource }

/**
 * The configuration of this host: ifbalance.conf, then the drop-ins conf.d/*.conf by name, later keys over earlier
 * ones. All of them may be missing. Never throws: a file that cannot be read is an error of the result.
 */
export function loadConfig(where: ConfigPaths = paths): Loaded {
  const { found, errors, warnings } = findDropIns(where.configDropIns)
  // Only the main file may be missing; a drop-in that was listed and is not there is a dangling link.
  const main = existsOrFails(where.config) ? [where.config] : []
  const loaded = loadFiles([...main, ...found])
  if (!loaded.ok) return { ...loaded, errors: [...errors, ...loaded.errors] }
  if (errors.length > 0) return { ok: false, errors, understood: loaded.config, source: loaded.source }
  return { ...loaded, warnings: [...warnings, ...loaded.warnings] }
}

/** The configuration of these files, later keys over earlier ones. Never throws. */
export function loadFiles(paths: readonly string[]): Loaded {
  const files: ConfigFile[] = []
  const errors: string[] = []
  for (const path of paths) {
    try {
      files.push({ path, text: readConfigFile(path) })
    } catch (error) {
      errors.push(printable(messageOf(error)))
    }
  }
  const { outside, seen } = recording({ readSet, userId })
  const parsed = parseConfig(files, outside)
  const source = { files, ...seen }
  if (!parsed.ok) return { ...parsed, errors: [...errors, ...parsed.errors], source }
  return errors.length > 0 ? { ok: false, errors, understood: parsed.config, source } : { ...parsed, source }
}

/** The same `outside`, and `seen`, which keeps what was asked of it and what it said. */
function recording({ readSet, userId }: Outside): { outside: Outside; seen: Omit<ConfigSource, 'files'> } {
  const sets: Record<string, string> = {}
  const users: Record<string, number | null> = {}
  const outside: Outside = {
    readSet: (path) => {
      sets[path] = readSet(path)
      return sets[path]
    },
    userId: (name) => {
      users[name] = userId(name)
      return users[name]
    },
  }
  return { outside, seen: { sets, users } }
}

/** Whether the path exists. Whatever else is wrong with it is told when it is read. */
function existsOrFails(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    return !hasCode(error, 'ENOTDIR')
  }
}

/** Room for a hundred thousand IPv6 addresses with their prefixes. */
const maxSetMegabytes = 8

function readSet(path: string): string {
  return readConfigFile(path, maxSetMegabytes)
}

interface DropIns {
  readonly found: readonly string[]
  readonly errors: string[]
  readonly warnings: readonly string[]
}

/** The drop-ins in the order of their bytes, as in systemd and run-parts(8), not in that of anyone's locale. */
function findDropIns(folder: string): DropIns {
  try {
    // Whoever may make files in this folder decides what root does.
    if ((statSync(folder).mode & 0o002) !== 0)
      throw new Failure('unreadable', 'everyone may write it: expected chmod o-w')
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

/**
 * Whether a file's name is one that we take. It also keeps out names that are not UTF-8, which Node.js can list but not
 * open.
 */
function isDropInName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(name)
}

function ignored(path: string): string {
  return printable(`${path}: ignored: expected a file name of letters, digits, _ . + -`)
}
