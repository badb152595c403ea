/** Network and mount namespaces of a test's own; they end with what runs in them, whatever happens. */

import { fileURLToPath } from 'node:url'
import { hangsMs } from '../lab/patience.ts'
import { type Options, type Result, run } from '../lab/run.ts'

/**
 * What a test file does in namespaces, to be asked in its tests for what came of it: there the file is started anew as a
 * program, which gets no further than here. So what it uses stands before it, or is a function; what is given and what is
 * seen goes as JSON.
 */
export async function scenario<Given extends readonly unknown[], Seen>(
  { main, url }: ImportMeta,
  play: (...given: Given) => Promise<Seen>,
): Promise<(options: Options, ...given: Given) => Promise<Seen>> {
  if (main) {
    process.stdout.write(JSON.stringify(await play(...JSON.parse(process.argv[2] ?? ''))))
    process.exit()
  }
  return async (options, ...given) => {
    const { stdout } = await inNamespace(new URL(url), [JSON.stringify(given)], options)
    return JSON.parse(stdout)
  }
}

/**
 * Runs a script of ours. `unshare` makes the namespaces, mounts an empty /run and a /sys of its own, and becomes node: no process but the
 * script itself keeps them.
 */
async function inNamespace(script: URL, args: readonly string[], options: Options = {}): Promise<Result> {
  const prepare = 'mount -t tmpfs t /run && mount -t sysfs s /sys && ip link set lo up && exec "$@"'
  const node = [process.execPath, fileURLToPath(script), ...args]
  return run('/usr/bin/unshare', ['-n', '-m', '/bin/sh', '-c', prepare, 'sh', ...node], {
    timeoutMs: hangsMs - 60_000,
    env: { IFBALANCE_ROOM: process.env['IFBALANCE_ROOM'] ?? String(process.pid) },
    ...options,
  })
}
