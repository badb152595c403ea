/** `ifbalance explain --json`, of a connection that is to be and of those that are. */
import type { Kept } from '../../src/explain/connections.ts'
import type { Explanation, RouteChoice } from '../../src/explain/explanation.ts'
import type { FirstPacket } from '../../src/model/match.ts'
import { family } from './events.ts'
import { either, has, integer, list, may, nullable, object, oneOfAll, type Schema, share, text } from './schema.ts'
import { format } from './status.ts'

const packet = object<FirstPacket>({
  family: has(family, 'Its family'),
  side: has(
    oneOfAll<FirstPacket['side']>({ forward: true, local: true }),
    "Whether it is forwarded, or one of this host's own",
  ),
  source: has(text, 'The source address'),
  destination: has(text, 'The destination'),
  protocol: has(integer, 'The number of the protocol'),
  sourcePort: has(integer, 'The source port; 0 where there is none, or any'),
  destinationPort: has(integer, "The destination's port; 0 where there is none"),
  interface: has(nullable(text), "The interface that it comes in by; null for this host's own"),
  user: has(nullable(integer), 'The user whose program sends it'),
  cgroup: has(nullable(text), 'The control group of that program'),
  mark: has(integer, 'Its mark'),
  dscp: has(integer, 'Its DSCP'),
})

const way = object<RouteChoice>({
  uplink: has(nullable(text), "The uplink's name; null for a device that is none"),
  share: has(share, 'Share of all such connections'),
  device: has(text, 'The network interface'),
  gateway: has(nullable(text), 'The gateway'),
  mtu: may(integer, 'The largest packet in bytes'),
  mark: has(integer, 'The mark that it has then'),
  table: has(text, 'The routing table'),
  ipRule: has(nullable(text), 'The policy rule'),
})

export const explanation: Schema<unknown> = either([
  object<Explanation & { readonly format: 1 }>({
    format,
    packet: has(packet, 'The first packet'),
    rules: has(
      list(
        object<Explanation['rules'][number]>({
          rule: has(text, 'The name of a rule'),
          reason: has(nullable(text), 'Why it does not match; null for the one that does'),
        }),
      ),
      'The rules that were asked',
    ),
    decision: has(text, 'What decides, for people'),
    ways: has(list(way), 'The ways that the connection may take'),
    refused: has(nullable(text), 'Why nothing goes anywhere'),
    others: has(
      list(
        object<Explanation['others'][number]>({
          uplink: has(text, 'An uplink that it does not take'),
          reason: has(text, 'Why not'),
        }),
      ),
      'The other uplinks',
    ),
  }),
  object<{ readonly format: 1; readonly connections: readonly Kept[] }>({
    format,
    connections: has(
      list(
        object<Kept>({
          entry: has(text, 'A line of conntrack(8)'),
          because: has(text, 'What keeps it where it is'),
        }),
      ),
      'With --connection: those that exist',
    ),
  }),
])
