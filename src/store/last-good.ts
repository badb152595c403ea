/** The text of the last configuration without errors, and of the files that it names, on disk. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { Failure } from '../os/error.ts'
import { readIfThere, replaceFile } from '../os/files.ts'
import { log } from '../os/log.ts'
import { listOf, objectOf, stringOf } from '../values/checked.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

/** All that a configuration was made of: enough to make it again. */
export interface ConfigSource {
  readonly files: readonly { readonly path: string; readonly text: string }[]
  /** By path, the text of each file of addresses. */
  readonly sets: Readonly<Record<string, string>>
  /** By name, the user id of each user that the configuration names; null where there was no such user. */
  readonly users: Readonly<Record<string, number | null>>
}

export const lastGoodFile: Format<ConfigSource | null> = {
  path: join(paths.lib, 'last-good.json'),
  none: null,
  parse: parseSource,
  format: (source) => (source === null ? '' : jsonText({ format: 1, ...source })),
}

/** The bound on the file, which has all texts together. */
const maxBytes = 64 * 1024 * 1024

let complained = false

/**
 * Saves a source. Nothing is written where the same is there already. Never throws: what cannot be written is logged
 * once.
 */
export function saveLastGood(source: ConfigSource): void {
  const text = lastGoodFile.format(source)
  try {
    if (text.length > maxBytes) throw new Failure('too-large', `larger than ${maxBytes} bytes`)
    if (savedText() === text) return
    replaceFile(lastGoodFile.path, text, { mode: isPublic(source) ? 0o644 : 0o600, lasting: true })
    complained = false
  } catch (error) {
    if (!complained) log.failure('keeping the configuration in', lastGoodFile.path, error)
    complained = true
  }
}

/** What was saved last, and when; null where there is nothing. Never throws. */
export function loadLastGood(): { readonly source: ConfigSource; readonly since: Date } | null {
  return load({ ...lastGoodFile, none: null, parse: sourceSince }, 'no earlier configuration is known', readWhole)
}

function sourceSince(text: string) {
  return { source: parseSource(text), since: statSync(lastGoodFile.path).mtime }
}

function readWhole(path: string): string | null {
  return readIfThere(path, maxBytes)
}

function savedText(): string | null {
  try {
    return readWhole(lastGoodFile.path)
  } catch {
    return null
  }
}

/** Whether everyone may read all files of the source. Otherwise only we may read our copy. */
function isPublic({ files, sets }: ConfigSource): boolean {
  return [...files.map(({ path }) => path), ...Object.keys(sets)].every(
    (path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) !== 0,
  )
}

function parseSource(text: string): ConfigSource {
  const { files, sets, users } = jsonObject(text)
  return {
    files: listOf(files)
      .map(objectOf)
      .map((file) => ({ path: stringOf(file['path']), text: stringOf(file['text']) })),
    sets: Object.fromEntries(Object.entries(objectOf(sets)).map(([path, set]) => [path, stringOf(set)])),
    users: Object.fromEntries(
      Object.entries(objectOf(users)).map(([name, id]) => [name, typeof id === 'number' ? id : null]),
    ),
  }
}
