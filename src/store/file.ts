/** Files that the next run reads. What cannot be written stays in this process's memory until it can. */
import { readIfThere, removeFile, replaceFile } from '../os/files.ts'
import { log } from '../os/log.ts'

const unsaved = new Map<string, string>()
const unreadable = new Set<string>()
/**
 * In a process that goes on, the last text of each file. A file that is removed, or hidden by a mount, takes nothing
 * along.
 */
const seen = new Map<string, string>()
let isLasting = false

/** Says that this process goes on, so what it keeps in memory is not lost soon. */
export function trustMemory(): void {
  isLasting = true
}

/** Whether the next run will know what was saved last in this file. */
export function isSaved(path: string): boolean {
  return isLasting || !unsaved.has(path)
}

/**
 * Saves a text; an empty one removes the file. Never throws: what cannot be written is logged once, and `saveUnsaved`
 * tries again.
 */
export function saveFile(path: string, text: string): void {
  try {
    if (text === '') removeFile(path)
    else replaceFile(path, text)
    unsaved.delete(path)
    see(path, text)
  } catch (error) {
    const meanwhile = isLasting ? 'kept in memory meanwhile' : 'what is not written down there stays as it is'
    if (unsaved.size === 0) log.failure('writing', path, error, meanwhile)
    unsaved.set(path, text)
  }
}

/** The text that was saved last, even where it did not get into the file; null for nothing. Never throws. */
export function loadFile(path: string): string | null {
  const kept = unsaved.get(path)
  if (kept !== undefined) return kept || null
  const text = loadFromDisk(path)
  if (text !== null) see(path, text)
  return text ?? seen.get(path) ?? null
}

function see(path: string, text: string): void {
  if (isLasting && text !== '') seen.set(path, text)
  else seen.delete(path)
}

/**
 * The text that the next process will load; null where there is none, or where it cannot be read, which is logged once.
 * Never throws.
 */
export function loadFromDisk(path: string): string | null {
  try {
    const text = readIfThere(path)
    unreadable.delete(path)
    return text
  } catch (error) {
    if (!unreadable.has(path)) log.failure('reading', path, error, 'as if it were not there')
    unreadable.add(path)
    return null
  }
}

/** Tries to write again what could not be written. Never throws. */
export function saveUnsaved(): void {
  for (const [path, text] of unsaved) saveFile(path, text)
}
