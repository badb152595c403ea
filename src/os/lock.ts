/** One run at a time on this host, hooks and daemon alike. */
import { paths, programs } from '../ids.ts'
import { makePrivateFile } from './files.ts'
import { start } from './run.ts'

/** A run takes well under a second; a holder that is stopped must not keep `ifup` waiting for ever. */
const patienceSeconds = 10

/**
 * Runs `work` while holding flock(2) on the lock file. Node has no flock of its own, so `flock` holds it for us, as long
 * as its child `cat` has our pipe: the kernel closes that when we die, however we die.
 *
 * Throws when the lock is not free within ten seconds.
 */
export async function withLock<T>(work: () => Promise<T>): Promise<T> {
  makePrivateFile(paths.lock)
  const holder = start(programs.flock, ['--no-fork', '--timeout', String(patienceSeconds), paths.lock, programs.cat])
  try {
    await holder.answers('held')
    return await work()
  } finally {
    await holder.end()
  }
}
