/** Folders of ours with one file an interface, `IFACE.json`: hooks of two interfaces never write the same file. */
import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { isInterfaceName } from '../net/valid.ts'
import { namesIn, readIfThere, removeFile, replaceFile } from '../os/files.ts'
import { log } from '../os/log.ts'

/** Such a folder. Every `device` must be a checked interface name, as it becomes a file's name. */
export interface PerInterface<T> {
  readonly folder: string
  /**
   * Reads a file's text, which is hostile until checked: throws for a text that is none of ours, and leaves out each
   * part that cannot be.
   */
  readonly parse: (text: string) => T
  readonly format: (value: T) => string
  /** The value of an interface; null where there is none, or none that can be read. Never throws. */
  readonly load: (device: string) => T | null
  /** All values by interface; what cannot be read is logged and left out. Never throws. */
  readonly loadAll: () => Readonly<Record<string, T>>
  /** Saves a value; null removes the file. Throws what the file system throws. */
  readonly save: (device: string, value: T | null) => void
  /** Whether there is a file for the interface, whatever is in it. */
  readonly has: (device: string) => boolean
  /** When the value was saved last, in milliseconds since 1970; 0 for never. */
  readonly savedAt: (device: string) => number
  /**
   * Removes the files of all but these interfaces that were saved before `before`, in milliseconds since 1970. Never
   * throws: what cannot be removed is logged.
   */
  readonly removeOld: (here: ReadonlySet<string>, before: number) => void
}

/** Makes access to such a folder; the folder itself is made when something is saved. */
export function perInterface<T>(
  folder: string,
  { parse, format }: Pick<PerInterface<T>, 'parse' | 'format'>,
): PerInterface<T> {
  const pathOf = (device: string) => join(folder, `${device}.json`)
  const savedAt = (device: string) => lstatSync(pathOf(device), { throwIfNoEntry: false })?.mtimeMs ?? 0
  return {
    folder,
    parse,
    format,
    load: (device) => {
      try {
        const text = readIfThere(pathOf(device), maxBytes)
        return text === null ? null : parse(text)
      } catch {
        return null
      }
    },
    loadAll: () => loadEach(folder, /^(.+)\.json$/, parse, maxBytes),
    save: (device, value) => {
      if (value === null) removeFile(pathOf(device))
      else replaceFile(pathOf(device), format(value))
    },
    has: (device) => existsSync(pathOf(device)),
    savedAt,
    removeOld: (here, before) => {
      for (const file of filesIn(folder)) {
        const device = /^(.+)\.json$/.exec(file)?.[1] ?? ''
        if (here.has(device) || !isInterfaceName(device)) continue
        try {
          if (savedAt(device) < before) removeFile(pathOf(device))
        } catch (error) {
          log.failure('removing', pathOf(device), error)
        }
      }
    },
  }
}

/** The bound on a file: far more than is known of one interface. */
const maxBytes = 64 * 1024

/**
 * Values of a folder's files whose names match `pattern`, by the interface that it finds in them. What cannot be read
 * is logged; files for which `parse` gives null are left out. Never throws.
 */
export function loadEach<T>(
  folder: string,
  pattern: RegExp,
  parse: (text: string, device: string) => T | null,
  limit?: number,
): Readonly<Record<string, T>> {
  const found: [string, T][] = []
  for (const file of filesIn(folder)) {
    const device = pattern.exec(file)?.[1]
    if (device === undefined || !isInterfaceName(device)) continue
    try {
      const value = parse(readIfThere(join(folder, file), limit) ?? '', device)
      if (value !== null) found.push([device, value])
    } catch (error) {
      log.failure('reading', join(folder, file), error)
    }
  }
  return Object.fromEntries(found)
}

/** The names in a folder; none where it cannot be read, which is logged. */
export function filesIn(folder: string): readonly string[] {
  try {
    return namesIn(folder)
  } catch (error) {
    log.failure('reading', folder, error)
    return []
  }
}
