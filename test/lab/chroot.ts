/** A Debian that is not booted: its files alone, over a throwaway overlay, and no network. */
import { command } from './command.ts'
import type { Disposer } from './disposer.ts'
import { labName } from './names.ts'
import { overlayOf } from './overlay.ts'
import type { Options, Result } from './run.ts'

export interface Chroot {
  /** Its root folder, seen from outside. */
  readonly root: string
  /** Runs a program inside, with process numbers, mounts and a network of its own, in which nothing is. */
  exec(argv: readonly string[], options?: Options): Promise<Result>
}

/** `role`: of one word, another for each that this process has at a time. */
export async function createChroot(undo: Disposer, image: string, role: string): Promise<Chroot> {
  const root = await overlayOf(undo, image, labName(role))
  const apart = ['--mount', '--net', '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--propagation', 'private']
  const argv = ['/usr/bin/unshare', ...apart, `--root=${root}`, '--wd=/', '--mount-proc', '--']
  return { root, exec: (inside, options = {}) => command([...argv, ...inside], options) }
}
