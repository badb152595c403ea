/**
 * A name server in a namespace of the lab: what is below `names.test`, and `names`, is the internet's server, other names
 * below `test` are not there.
 */
import { putFarAway, startIn } from './command.ts'
import type { Disposer } from './disposer.ts'
import { addresses } from './names.ts'

export async function serveNames(
  undo: Disposer,
  namespace: string,
  listen: readonly string[],
  names: readonly string[] = [],
): Promise<void> {
  const argv = [
    ...['/usr/sbin/dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--user=root', '--port=53'],
    ...['--no-resolv', '--no-hosts', '--pid-file', '--bind-interfaces', '--local=/test/'],
    ...listen.map((address) => `--listen-address=${address}`),
    ...['names.test', 'portal.test', ...names].map((name) => `--address=/${name}/${addresses.server}`),
  ]
  const server = await startIn(namespace, argv)
  undo.defer(`the name server of ${namespace}`, () => server.stop())
  await putFarAway(server)
}
