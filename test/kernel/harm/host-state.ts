/** What others have on the host, as text lines to compare, and what ours is, to understand a failure by. */
import { run } from '../../lab/run.ts'

/** Rules, routes, rulesets, addresses and sysctls of the host, without what changes by itself. */
export async function everything(): Promise<readonly string[]> {
  const sysctls =
    'rp_filter|ignore_routes_with_linkdown|fib_multipath_hash_policy|fib_multipath_hash_fields|src_valid_mark'
  const commands = [
    'ip -4 -d rule',
    'ip -6 -d rule',
    'ip -4 -d route show table all',
    'ip -6 -d route show table all',
    'ip -o addr',
    'nft -s list ruleset',
    `sysctl -a -r '\\.(${sysctls})$' 2>/dev/null`,
  ]
  const { stdout } = await run('/bin/sh', ['-c', commands.join('; ')])
  return stdout.split('\n').map((line) => line.replace(/ (expires|linkdown)( \d+sec)?/g, '').trim())
}

/** Connections, and ours; what is longest comes last, as messages are cut. */
export async function state(): Promise<string> {
  const commands = [
    'conntrack -L 2>/dev/null | head -n 40',
    'conntrack -L -f ipv6 2>/dev/null | head -n 40',
    // How often this host's own sockets have sent in vain.
    'ss -Htnio state established | head -n 60',
    'ip -6 neigh',
    'ip -4 rule',
    "ip -4 route show table all | grep -A9 ' table 30'",
    "ip -6 route show table all | grep -A9 ' table 30'",
    'ip -6 rule',
    'nft -s list table inet ifbalance',
  ]
  return (await run('/bin/sh', ['-c', commands.join('; ')], { accept: [0, 1] })).stdout
}
