/** The kernel's state as lines, for comparing one moment with another in this namespace. */
import { run } from '../lab/run.ts'

export async function kernelState(): Promise<readonly string[]> {
  const read = async (program: string, ...args: string[]) => (await run(program, args)).stdout.split('\n')
  const names = ['rp_filter', 'ignore_routes_with_linkdown', 'fib_multipath_hash_policy']
  const lines = await Promise.all([
    read('/usr/sbin/ip', '-4', 'rule'),
    read('/usr/sbin/ip', '-6', 'rule'),
    read('/usr/sbin/ip', '-4', 'route', 'show', 'table', 'all'),
    read('/usr/sbin/ip', '-6', 'route', 'show', 'table', 'all'),
    read('/usr/sbin/nft', 'list', 'ruleset'),
    read('/usr/bin/grep', '-r', '.', '/proc/sys/net', ...names.map((name) => `--include=${name}`)),
  ])
  return lines.flat().filter((line) => line !== '')
}

/** `+` what is only in `after`, `-` what is only in `before`. */
export function difference(before: readonly string[], after: readonly string[]): readonly string[] {
  return [
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
  ]
}
