/**
 * The last configuration without errors, on disk with all that it was made of: whatever becomes of the files, a restart, an
 * upgrade and a boot go on with it. Texts and not values, so that each version of the program reads them in its own way.
 */
import { statSync } from 'node:fs'
import { paths } from '../layout.ts'
import type { Config } from '../model/config.ts'
import { Failure } from '../os/error.ts'
import { readIfThere, replaceFile } from '../os/files.ts'
import { log, messageOf } from '../os/log.ts'
import { listOf, objectOf, stringOf } from '../values/checked.ts'
import type { Source } from './load.ts'
import { parseConfig } from './parse.ts'

/** Of all texts together. */
const maxBytes = 64 * 1024 * 1024

let complained = false

/** What was kept last is left as it is where it is the same, or where there is no place to write: then a line in the log. */
export function keepLastGood(source: Source): void {
  const text = `${JSON.stringify({ format: 1, ...source })}\n`
  try {
    if (text.length > maxBytes) throw new Failure('too-large', `larger than ${maxBytes} bytes`)
    if (textKept() === text) return
    replaceFile(paths.lastGood, text, { mode: isPublic(source) ? 0o644 : 0o600, lasting: true })
    complained = false
  } catch (error) {
    if (!complained) log.warning(`keeping the configuration in ${paths.lastGood}: ${messageOf(error)}`)
    complained = true
  }
}

/** Null where there is none, or this version finds errors in it. Never throws. */
export function readLastGood(): { readonly config: Config; readonly since: Date } | null {
  try {
    const text = readIfThere(paths.lastGood, maxBytes)
    if (text === null) return null
    const { files, sets, users } = sourceOf(JSON.parse(text))
    const parsed = parseConfig(files, {
      readSet: (path) => {
        const set = Object.hasOwn(sets, path) ? sets[path] : undefined
        if (set === undefined) throw new Failure('unreadable', `reading ${path}: not kept`)
        return set
      },
      userId: (name) => (Object.hasOwn(users, name) ? (users[name] ?? null) : null),
    })
    return parsed.ok ? { config: parsed.config, since: statSync(paths.lastGood).mtime } : null
  } catch (error) {
    log.warning(`reading ${paths.lastGood}: ${messageOf(error)}`)
    return null
  }
}

function textKept(): string | null {
  try {
    return readIfThere(paths.lastGood, maxBytes)
  } catch {
    return null
  }
}

/** Who may not read the files may not read them here. */
function isPublic({ files, sets }: Source): boolean {
  return [...files.map(({ path }) => path), ...Object.keys(sets)].every(
    (path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) !== 0,
  )
}

function sourceOf(value: unknown): Source {
  const { files, sets, users } = objectOf(value)
  return {
    files: listOf(files)
      .map(objectOf)
      .map(({ path, text }) => ({ path: stringOf(path), text: stringOf(text) })),
    sets: Object.fromEntries(Object.entries(objectOf(sets)).map(([path, text]) => [path, stringOf(text)])),
    users: Object.fromEntries(
      Object.entries(objectOf(users)).map(([name, id]) => [name, typeof id === 'number' ? id : null]),
    ),
  }
}
