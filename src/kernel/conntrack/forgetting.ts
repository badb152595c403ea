/** The commands that end connections. */
import { programs } from '../../layout.ts'
import type { Step } from '../../model/step.ts'
import { hex } from '../iproute/rule-spec.ts'
import { bracketed } from '../sockets.ts'

type Command = readonly [string, ...string[]]
type Forgetting = Extract<Step, { kind: 'forget-connections' }>

/**
 * conntrack(8) looks at IPv4 alone unless told. ss(8): sockets of clients and servers, connected ones only, so that a
 * service that listens on an uplink's address goes on. `spared`: by address of the uplink, peers whose connections do not leave
 * by it (see sockets.ts).
 */
export function forgettingCommands(
  { family, mark, mask, addresses = [], source }: Forgetting,
  spared: ReadonlyMap<string, readonly string[]> = new Map(),
): readonly Command[] {
  const kinds = { inet: ['ipv4'], inet6: ['ipv6'], both: ['ipv4', 'ipv6'] }[family ?? 'both']
  const close = addresses.map((address) => closeSockets(address, spared.get(address) ?? []))
  return [...close, ...kinds.map((kind) => deleteEntries(kind, mark, mask, source))]
}

function closeSockets(address: string, spared: readonly string[]): Command {
  const options = ['--kill', '--no-header', '--numeric', '--tcp', '--udp']
  const others = spared.flatMap((peer) => ['and', 'not', 'dst', bracketed(peer)])
  return [programs.ss, ...options, 'state', 'connected', 'src', bracketed(address), ...others]
}

function deleteEntries(kind: string, mark: number, mask: number, source: string | undefined): Command {
  const from = source === undefined ? [] : ['--orig-src', source]
  return [programs.conntrack, '--delete', '--family', kind, '--mark', `${hex(mark)}/${hex(mask)}`, ...from]
}
