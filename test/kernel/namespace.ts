/** Runs a script of ours in network and mount namespaces of its own; they end with it, whatever happens. */
import { fileURLToPath } from 'node:url'
import { type Options, type Result, run } from '../lab/run.ts'

/**
 * `unshare` makes the namespaces, mounts an empty /run and a /sys of its own, and becomes node: no process but the
 * script itself keeps them.
 */
export async function inNamespace(script: URL, args: readonly string[], options: Options = {}): Promise<Result> {
  const prepare = 'mount -t tmpfs t /run && mount -t sysfs s /sys && ip link set lo up && exec "$@"'
  const node = [process.execPath, fileURLToPath(script), ...args]
  return run('/usr/bin/unshare', ['-n', '-m', '/bin/sh', '-c', prepare, 'sh', ...node], {
    timeoutMs: 170_000,
    env: { IFBALANCE_ROOM: process.env['IFBALANCE_ROOM'] ?? String(process.pid) },
    ...options,
  })
}
