/** Another run of ours, as far as the lock tells: it holds it until it is killed. */
import { expect } from 'vitest'
import type { Host, Running } from './daemon-host.ts'

export interface LockHolder extends Running {
  readonly isHeld: () => Promise<boolean>
}

export async function holdLock(host: Host): Promise<LockHolder> {
  const holder = host.start(['flock', '--no-fork', '/run/ifbalance/lock', 'sleep', '600'])
  const isHeld = async () =>
    (await host.run(['flock', '-n', '/run/ifbalance/lock', 'true'], {}, { accept: [0, 1] })).exitCode === 1
  await expect.poll(isHeld).toBe(true)
  return { ...holder, isHeld }
}
