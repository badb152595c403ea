/** UDP sockets of this host that have neither an address of their own nor a peer, nor are bound to a device. */
import { programs } from '../../layout.ts'
import { run } from '../../os/run.ts'

const listing = ['--no-header', '--numeric', '--oneline', '--udp', '--processes', 'state', 'unconnected'] as const
const maxOutput = 16 * 1024 * 1024

/** By port, the names of the programs that have such sockets. Throws where ss(8) cannot be run. */
export async function readUnconnected(): Promise<ReadonlyMap<number, string>> {
  return parseUnconnected((await run(programs.ss, listing, { maxOutput })).stdout)
}

/**
 * Text lines such as `0 0 *:5001 *:* users:(("unbound",pid=7,fd=3))`. The kernel's own (WireGuard's) have no program,
 * and keep their address.
 */
export function parseUnconnected(text: string): ReadonlyMap<number, string> {
  const found = text.matchAll(/^ *\d+ +\d+ +(?:0\.0\.0\.0|\*|\[::\]):(\d+) .*?users:\(\("([^"]+)"/gm)
  return new Map([...found].map(([, port, name = '']) => [Number(port), name] as const))
}
