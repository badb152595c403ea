/** The commands that end connections. */
import { programs } from '../../layout.ts'
import type { Step } from '../../model/step.ts'
import { bracketed } from '../sockets/sockets.ts'
import { deleteByMark } from './entry.ts'

type Command = readonly [string, ...string[]]
type Forgetting = Extract<Step, { kind: 'forget-connections' }>

/**
 * Commands that end connections. ss(8) ends sockets of clients and servers, connected ones only, so that a service that
 * listens on an uplink's address goes on; conntrack(8) deletes entries. `spared` has, by address of the uplink, peers
 * whose connections do not leave by it (see sockets.ts).
 */
export function forgettingCommands(
  { family, mark, mask, addresses = [], source }: Forgetting,
  spared: ReadonlyMap<string, readonly string[]> = new Map(),
): readonly Command[] {
  const families = family === undefined ? (['inet', 'inet6'] as const) : [family]
  const close = addresses.map((address) => closeSockets(address, spared.get(address) ?? []))
  return [...close, ...families.map((one) => deleteByMark(one, mark, mask, source))]
}

/** The command that ends sockets of this host with this address, but for those to these peers. */
export function closeSockets(address: string, spared: readonly string[] = []): Command {
  const options = ['--kill', '--no-header', '--numeric', '--tcp', '--udp']
  const others = spared.flatMap((peer) => ['and', 'not', 'dst', bracketed(peer)])
  return [programs.ss, ...options, 'state', 'connected', 'src', bracketed(address), ...others]
}
