/** Whether a file may be run on the administrator's behalf. */
import { lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf } from './log.ts'

/**
 * Null for an executable regular file that only root can write or replace: it and every folder above belong to root,
 * and nobody else may write them; links are refused. Otherwise what is wrong, for people.
 */
export function isTrusted(path: string): string | null {
  try {
    const { mode } = lstatSync(path)
    if ((mode & 0o170000) !== 0o100000) return `${path} is no regular file`
    if ((mode & 0o111) === 0) return `${path} is not executable`
    for (let part = path; ; part = dirname(part)) {
      const { uid, mode: bits } = lstatSync(part)
      if ((bits & 0o170000) === 0o120000) return `${part} is a link`
      if (uid !== 0) return `${part} does not belong to root`
      if ((bits & 0o022) !== 0) return `others may write ${part}`
      if (part === dirname(part)) return null
    }
  } catch (error) {
    return messageOf(error)
  }
}
