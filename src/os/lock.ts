/** One run at a time on this host, hooks and daemon alike. */
import { closeSync } from 'node:fs'
import { paths, programs } from '../layout.ts'
import { openPrivateFile } from './files.ts'
import { log } from './log.ts'
import { run } from './run.ts'

/**
 * How long we wait for the lock. A run takes well under a second, and a holder that hangs must not keep `ifup` waiting
 * for ever.
 */
const timeoutSeconds = 10

/**
 * Runs `work` while holding flock(2) on the lock file. Node.js has no flock of its own; flock(1) locks the descriptor
 * that it inherits as its standard input. The lock is that of the open file, which is ours until we close it or die,
 * however we die.
 *
 * Throws when the lock is not free within ten seconds. Where there can be no lock file, as on a read-only file system,
 * `work` runs all the same: the next run puts right what two at once have done, and no run at all would cost failover.
 */
export async function withLock<T>(work: () => Promise<T>): Promise<T> {
  const descriptor = openLock()
  if (descriptor === null) return work()
  try {
    const timeoutMs = (timeoutSeconds + 5) * 1000
    await run(programs.flock, ['--timeout', String(timeoutSeconds), '0'], { descriptor, timeoutMs })
    return await work()
  } finally {
    closeSync(descriptor)
  }
}

let complained = false

function openLock(): number | null {
  try {
    const descriptor = openPrivateFile(paths.lock)
    complained = false
    return descriptor
  } catch (error) {
    if (!complained) log.failure('locking', paths.lock, error, 'going on without')
    complained = true
    return null
  }
}
