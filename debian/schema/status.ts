/** `ifbalance status --json` and `ifbalance connections --json`. */
import type { Modem } from '../../src/model/facts.ts'
import type { LineHealth } from '../../src/model/health.ts'
import { type Mode, modes } from '../../src/model/mode.ts'
import type { Pair } from '../../src/model/pair.ts'
import type { CapacityFigures, DirectionFigures } from '../../src/model/spreading.ts'
import { uplinkStates } from '../../src/model/uplink.ts'
import type { Connections, FamilyConnections, UplinkConnections } from '../../src/status/connections.ts'
import type { MptcpConnection } from '../../src/status/mptcp.ts'
import type { PathStatus, RuleStatus, Status, UplinkStatus } from '../../src/status/status.ts'
import {
  constant,
  flag,
  has,
  integer,
  list,
  may,
  nullable,
  number,
  object,
  oneOf,
  oneOfAll,
  record,
  share,
  text,
} from './schema.ts'

export const format = has(constant(1), 'The version of this form')

const health = object<LineHealth>({
  state: has(
    oneOfAll<LineHealth['state']>({ online: true, suspect: true, offline: true }),
    'Whether the internet behind it answers',
  ),
  degraded: has(flag, 'Whether it is slower or lossier than allowed, or beyond its quota'),
  barred: may(flag, 'Whether it carries nothing whatever else there is, as its quota is used up'),
  misses: may(record(text), 'What rules ask for and the line misses, each with the reason'),
  since: has(number, 'When the state began, in milliseconds since 1970'),
  why: has(text, 'Why the state is what it is, for people'),
  lastProbe: has(nullable(text), 'The last probe, for people'),
  latencyMs: has(nullable(number), 'Smoothed round trip of probes, in milliseconds'),
  jitterMs: has(nullable(number), 'Mean deviation of round trips, in milliseconds'),
  loss: has(share, 'Share of the latest probes that was lost'),
})

const path = object<PathStatus>({
  gateway: has(nullable(text), 'Its address; null on a point-to-point link'),
  addresses: has(list(text), "The interface's own addresses"),
  mtu: has(integer, 'The largest packet in bytes'),
  mtuBy: may(
    oneOfAll<NonNullable<PathStatus['mtuBy']>>({ route: true, configuration: true, probes: true }),
    'What makes it smaller than the interface would have it',
  ),
  share: has(share, 'Share of new connections that the kernel sends here now'),
  health: may(health, 'What traffic and probes say of the line; absent where nobody looks'),
})

const direction = object<DirectionFigures>({
  carries: has(number, 'What it carries now, in bits a second'),
  capacity: has(number, 'What it was found to carry, in bits a second'),
  sure: has(
    oneOfAll<DirectionFigures['sure']>({ unknown: true, 'at-least': true, known: true }),
    'Whether nothing is known of the capacity, or it carried that without being full, or was full with it',
  ),
})

const uplink = object<UplinkStatus>({
  name: has(text, 'Its name'),
  number: has(integer, 'Its number, which is in tables, rules and marks'),
  interface: has(text, 'Its network interface'),
  state: has(oneOf(uplinkStates), 'Its state'),
  since: may(
    number,
    'When the state began, in milliseconds since 1970, or the daemon, if that was later; absent where nobody has seen it',
  ),
  why: may(text, 'Why it has no line that could be judged, for people'),
  drained: may(
    oneOfAll<NonNullable<UplinkStatus['drained']>>({ command: true, weight: true }),
    'Who says that it takes no new connections',
  ),
  lingers: may(constant(true), 'It is disabled, and the connections that a drain has left stay'),
  weight: has(integer, 'The weight in force'),
  auto: may(constant(true), 'The weight follows what the line can carry'),
  takes: may(flag, 'Whether it is one of those that take new connections now, where not all do'),
  line: may(
    object<CapacityFigures>({
      down: has(direction, 'From the internet'),
      up: has(direction, 'To the internet'),
    }),
    'What it carries and can carry; absent where that was not found out',
  ),
  metric: has(integer, 'Its tier: the lowest that works takes new connections'),
  standby: may(constant(true), 'It is used only while no uplink works that is not standby'),
  metered: may(constant(true), 'What it carries costs money, so little is asked of it'),
  quota: may(
    object<NonNullable<UplinkStatus['quota']>>({
      bytes: has(number, 'What the contract allows'),
      used: has(number, 'What is used, as last written down'),
    }),
    'Bytes of this month; absent without a quota',
  ),
  inet: has(nullable(path), 'How IPv4 leaves by it; null where it does not'),
  inet6: has(nullable(path), 'How IPv6 leaves by it; null where it does not'),
  prefixes: may(list(text), 'IPv6 prefixes that its provider routes to this host'),
  modem: may(
    object<Modem>({
      connected: has(flag, 'Whether it has its data connection'),
      signal: has(nullable(number), 'Signal quality in percent'),
      technologies: has(list(text), 'Access technologies'),
    }),
    'What ModemManager says of its modem',
  ),
})

export const status = object<Status>({
  format,
  mode: has(oneOf(Object.keys(modes) as Mode[]), 'How connections are spread'),
  daemon: has(flag, 'Whether the daemon runs'),
  heldDown: has(flag, 'Whether everything was taken away, by the command down'),
  pair: may(
    object<Pair>({
      role: has(oneOfAll<Pair['role']>({ active: true, standby: true }), 'Which of the two it is'),
      why: has(text, 'Why, for people'),
      usable: has(nullable(integer), 'How many uplinks keepalived is told to be usable'),
    }),
    'Which of two routers this is; absent where it has no peer',
  ),
  uplinks: has(list(uplink), 'The uplinks'),
  rules: may(
    list(
      object<RuleStatus>({
        name: has(text, 'Its name'),
        connections: has(integer, 'How many connections it has matched since the kernel counts them'),
      }),
    ),
    'The rules; absent where there are none, and for others than root',
  ),
  nameServers: may(
    list(
      object<NonNullable<Status['nameServers']>[number]>({
        asked: has(text, 'A name server of a dead uplink'),
        answering: has(text, "The one that this host's questions to it go to"),
      }),
    ),
    'Name servers that others answer for; absent while there are none',
  ),
  pending: has(integer, 'How many changes the command plan would show'),
  warnings: has(list(text), 'What is wrong, for people'),
})

const ofFamily = object<FamilyConnections>({
  out: has(integer, 'How many left by it'),
  in: has(integer, 'How many came in by it'),
  share: has(share, 'Share of all connections of this family that are on an uplink'),
  bytes: has(
    nullable(
      object<NonNullable<FamilyConnections['bytes']>>({
        connections: has(integer, 'How many of them the kernel counts bytes of'),
        sent: has(integer, 'Bytes that they have sent'),
        received: has(integer, 'Bytes that they have received'),
      }),
    ),
    'What they have carried; null where the kernel does not count that',
  ),
})

export const connections = object<Connections>({
  format,
  uplinks: has(
    list(
      object<UplinkConnections>({
        name: has(nullable(text), 'Its name; null where no uplink has this number now'),
        number: has(integer, 'Its number, which is in the marks of connections'),
        inet: has(ofFamily, 'Connections of IPv4'),
        inet6: has(ofFamily, 'Connections of IPv6'),
      }),
    ),
    'The uplinks',
  ),
  others: has(
    object<Connections['others']>({
      inet: has(integer, 'How many of IPv4'),
      inet6: has(integer, 'How many of IPv6'),
    }),
    'Connections that are on no uplink',
  ),
  mptcp: has(
    list(
      object<MptcpConnection>({
        peer: has(
          object<MptcpConnection['peer']>({ address: has(text, 'Its address'), port: has(integer, 'Its port') }),
          'The other end',
        ),
        subflows: has(
          list(
            object<MptcpConnection['subflows'][number]>({
              uplink: has(nullable(text), 'The uplink whose address it has; null for none'),
              address: has(text, 'Its address on this host'),
              port: has(integer, 'Its port on this host'),
              isBackup: has(flag, 'Whether it is used only while no other works'),
              sent: has(integer, 'Bytes that it has sent'),
              received: has(integer, 'Bytes that it has received'),
            }),
          ),
          'What carries it, the one that has carried most first',
        ),
      }),
    ),
    'MPTCP connections of this host; each subflow is one of the connections above',
  ),
})
