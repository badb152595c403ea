/** Files that the next run reads. Where they cannot be written, this process keeps them until they can. */
import { readIfThere, removeFile, replaceFile } from '../os/files.ts'
import { log, messageOf } from '../os/log.ts'

const unsaved = new Map<string, string>()
const unreadable = new Set<string>()
/** Of a process that goes on, what was in each file last: a file that is gone, or hidden by a mount, takes nothing along. */
const seen = new Map<string, string>()
let isLasting = false

/** This process goes on: what it keeps in memory is not lost soon. */
export function trustMemory(): void {
  isLasting = true
}

/** Whether the next run will know what was saved last. */
export function isSaved(path: string): boolean {
  return isLasting || !unsaved.has(path)
}

/** An empty text removes the file. Never throws: what cannot be written is logged once, and tried again by saveUnsaved. */
export function saveFile(path: string, text: string): void {
  try {
    if (text === '') removeFile(path)
    else replaceFile(path, text)
    unsaved.delete(path)
    see(path, text)
  } catch (error) {
    const meanwhile = isLasting ? 'kept in memory meanwhile' : 'what is not written down there stays as it is'
    if (unsaved.size === 0) log.warning(`writing ${path}: ${messageOf(error)}; ${meanwhile}`)
    unsaved.set(path, text)
  }
}

/** What was saved last, even where it did not get into the file; null for nothing. Never throws. */
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

/** What the next process will load: null also where it cannot be read, which is logged once. Never throws. */
export function loadFromDisk(path: string): string | null {
  try {
    const text = readIfThere(path)
    unreadable.delete(path)
    return text
  } catch (error) {
    if (!unreadable.has(path)) log.warning(`reading ${path}: ${messageOf(error)}; as if it were not there`)
    unreadable.add(path)
    return null
  }
}

export function saveUnsaved(): void {
  for (const [path, text] of unsaved) saveFile(path, text)
}
