/** The host's own sysctls: of those nobody tells when they change. */
import { join } from 'node:path'
import { hashSysctls, paths } from '../ids.ts'
import { rereadable } from '../os/files.ts'

const lookMs = 250

/** Calls `onChange` while they are not as `wanted` says (by name, as in Desired). Returns what stops it. */
export function watchSysctls(
  wanted: () => Readonly<Record<string, string>>,
  onChange: (reason: string) => void,
): () => void {
  const names = [...hashSysctls.policies, ...hashSysctls.fields]
  const files = names.map((name) => ({ name, read: rereadable(join(paths.sysctl, name)) }))
  const timer = setInterval(() => {
    const values = wanted()
    if (files.some(({ name, read }) => name in values && read().trim() !== values[name])) onChange('sysctl')
  }, lookMs)
  return () => clearInterval(timer)
}
