/** The host's own sysctls: of those nobody tells when they change. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashSysctls, paths } from '../ids.ts'

/** Reading four small files costs some 50 microseconds, four times a second. */
const lookMs = 250

/** Calls `onChange` while they are not as `wanted` says (by name, as in Desired). Returns what stops it. */
export function watchSysctls(
  wanted: () => Readonly<Record<string, string>>,
  onChange: (reason: string) => void,
): () => void {
  const timer = setInterval(() => {
    const values = wanted()
    if ([...hashSysctls.policies, ...hashSysctls.fields].some((name) => name in values && read(name) !== values[name]))
      onChange('sysctl')
  }, lookMs)
  return () => clearInterval(timer)
}

function read(name: string): string | null {
  try {
    return readFileSync(join(paths.sysctl, name), 'utf8').trim()
  } catch {
    return null
  }
}
