/** Small files that the next run reads. Where they cannot be written, this process keeps them until they can. */
import { rmSync } from 'node:fs'
import { readIfThere, replaceFile } from './files.ts'
import { log, messageOf } from './log.ts'

const unwritten = new Map<string, string>()
let isLasting = false

/** This process goes on: what it keeps in memory is not lost soon. */
export function keepNotes(): void {
  isLasting = true
}

/** Whether the next run will know what was written last. */
export function isNoted(path: string): boolean {
  return isLasting || !unwritten.has(path)
}

/** An empty text removes the file. Never throws: what cannot be written is logged once, and tried again by retryNotes. */
export function writeNote(path: string, text: string): void {
  try {
    if (text === '') rmSync(path, { force: true })
    else replaceFile(path, text)
    unwritten.delete(path)
  } catch (error) {
    const meanwhile = isLasting ? 'kept in memory meanwhile' : 'what is not written down there stays as it is'
    if (unwritten.size === 0) log.warning(`writing ${path}: ${messageOf(error)}; ${meanwhile}`)
    unwritten.set(path, text)
  }
}

/** What was written last, even where it did not get into the file. Throws like readIfThere. */
export function readNote(path: string): string | null {
  const kept = unwritten.get(path)
  return kept === undefined ? readIfThere(path) : kept || null
}

export function retryNotes(): void {
  for (const [path, text] of unwritten) writeNote(path, text)
}
