/** What the kernel makes of several default routes with one metric, as networkd and others give them. */
import { command, inNamespace } from './command.ts'
import type { Network } from './network.ts'

/**
 * Has the host use the first of its equal defaults, where only table main has its say. Linux takes the first while its
 * gateway's entry is REACHABLE, else each by turns (fib_detect_death in net/ipv4/fib_semantics.c): a connection then gets the
 * address of one uplink, and leaves by another. An entry that is merely STALE does not become REACHABLE by an echo, a new one
 * does, and stays it for 15 s at least; `lasting`: for half an hour, in which nobody's hardware may change.
 */
export async function settleEqualDefaults(
  { host }: Pick<Network, 'host'>,
  { lasting = false }: { readonly lasting?: boolean } = {},
): Promise<void> {
  const inHost = (...argv: readonly string[]) => command(inNamespace(host, argv), { accept: [0, 1] })
  const { stdout } = await inHost('/usr/sbin/ip', '-4', 'route', 'show', 'default')
  for (const [, gateway = '', device = ''] of stdout.matchAll(/via (\S+) dev (\S+)/g)) {
    if (lasting) await inHost('/usr/sbin/sysctl', '-qw', `net.ipv4.neigh.${device}.base_reachable_time_ms=3600000`)
    await inHost('/usr/sbin/ip', 'neighbour', 'flush', 'to', gateway, 'dev', device)
    await inHost('/usr/bin/ping', '-c', '1', '-W', '20', '-I', device, gateway)
  }
}
