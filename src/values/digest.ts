/** A name for contents, 16 hexadecimal digits: the same contents have the same name. */
import { createHash } from 'node:crypto'

export function isDigest(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text)
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
