/** A name for contents: the same name, the same contents. */
import { createHash } from 'node:crypto'

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
