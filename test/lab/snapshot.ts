/** What the kernel of a namespace is told about routing, as lines that can be compared before and after. */
import { command, inNamespace } from './command.ts'

/** Removes what changes by itself: remaining lifetimes and counters. */
function settled(line: string): string {
  return line
    .replace(/ expires \d+sec/g, '')
    .replace(/counter packets \d+ bytes \d+/g, 'counter')
    .trimEnd()
}

const sysctls = String.raw`\.(rp_filter|ignore_routes_with_linkdown|fib_multipath_hash_policy|fib_multipath_hash_fields)$`

interface Place {
  readonly namespace: string
  /** `nft -t list ruleset` by the machine's own nft: another version may fail on what it finds there. */
  readonly nft: () => Promise<string>
}

/** Each line starts with what it is: `rule`, `rule6`, `route`, `route6`, `mptcp`, `nft`, `sysctl`. Rules keep their order. */
export async function snapshot({ namespace, nft }: Place): Promise<readonly string[]> {
  const ip = (...args: readonly string[]) => ['/usr/sbin/ip', '-n', namespace, ...args]
  const parts = [
    { name: 'rule', argv: ip('-4', '-d', 'rule'), sorted: false },
    { name: 'rule6', argv: ip('-6', '-d', 'rule'), sorted: false },
    { name: 'route', argv: ip('-4', '-d', 'route', 'show', 'table', 'all'), sorted: true },
    { name: 'route6', argv: ip('-6', '-d', 'route', 'show', 'table', 'all'), sorted: true },
    { name: 'nexthop', argv: ip('nexthop'), sorted: true },
    // ip(8) fails where the kernel has no MPTCP.
    { name: 'mptcp', argv: ip('mptcp', 'endpoint', 'show'), sorted: true },
    { name: 'mptcp', argv: ip('mptcp', 'limits', 'show'), sorted: true },
    { name: 'sysctl', argv: inNamespace(namespace, ['/usr/sbin/sysctl', '-a', '-r', sysctls]), sorted: true },
  ]
  const lines: string[] = []
  for (const { name, argv, sorted } of parts) {
    const { stdout } = await command(argv, { accept: [0, 1, 2, 255] })
    const part = stdout.split('\n').map(settled).filter(Boolean)
    lines.push(...(sorted ? part.sort() : part).map((line) => `${name} ${line}`))
  }
  const ruleset = (await nft()).split('\n').map(settled).filter(Boolean)
  return [...lines, ...ruleset.map((line) => `nft ${line}`)]
}

/** `- line` for what is gone, `+ line` for what is new; a repeated line counts as often as it is there. */
export function difference(before: readonly string[], after: readonly string[]): readonly string[] {
  const gone = [...before]
  const added: string[] = []
  for (const line of after) {
    const at = gone.indexOf(line)
    if (at === -1) added.push(line)
    else gone.splice(at, 1)
  }
  return [...gone.map((line) => `- ${line}`), ...added.map((line) => `+ ${line}`)]
}
