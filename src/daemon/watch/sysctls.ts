/** Watches the host's own sysctls: no netlink message tells when they change. */
import { watch } from 'node:fs'
import { join } from 'node:path'
import { hashSysctls, paths } from '../../layout.ts'
import { rereadable } from '../../os/files.ts'
import type { Ticker } from '../ticker.ts'

const lookMs = 500

/**
 * Calls `onChange` while they are not as `wanted` says (by name, as in Desired). inotify(7) tells at once of changes by
 * the same mount of /proc, which the unit makes the host's. Of other changes nobody tells, so the sysctls are also read
 * at beats of `pulse`. Returns what ends the inotify watches.
 */
export function watchSysctls(
  pulse: Ticker,
  wanted: () => Readonly<Record<string, string>>,
  onChange: () => void,
): () => void {
  const names = [...hashSysctls.policies, ...hashSysctls.fields]
  const files = names.map((name) => ({ name, read: rereadable(join(paths.sysctl, name)) }))
  const look = () => {
    const values = wanted()
    if (files.some(({ name, read }) => name in values && read().trim() !== values[name])) onChange()
    return undefined
  }
  // The files are opened before they are watched: /proc makes a new inode for a file that nobody has open.
  for (const { read } of files) read()
  const stops = names.map((name) => watchFile(join(paths.sysctl, name), look))
  pulse.join(look, lookMs)
  return () => {
    for (const stop of stops) stop()
  }
}

function watchFile(path: string, onChange: () => void): () => void {
  try {
    const watcher = watch(path, onChange)
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    // Older kernels lack some of them, and each user's watches are limited.
    return () => undefined
  }
}
