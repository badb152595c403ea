/**
 * Sections and their keys. This one list is what is read, suggested for a misspelt word, put into Config, and has to be
 * in ifbalance.conf(5). Pure.
 */

import { defaultLayout } from '../layout.ts'
import { type Mode, modes } from '../model/mode.ts'
import { type ProbeKind, probeKinds } from '../model/probe-kind.ts'
import { spreads } from '../model/spreading.ts'
import { type Key, type Keys, key, type Target, type Values } from './key.ts'
import { type FieldReaders, fields } from './match/fields.ts'
import { commandLine, mailRecipients, quietHours, webhook } from './values/notify-values.ts'
import {
  bodyText,
  count,
  dnsName,
  httpStatus,
  maxJitter,
  maxLatency,
  maxLoss,
  probeInterval,
  quorum,
  quota,
  resetDay,
  targets,
} from './values/probe-values.ts'
import { duration, shares, sources } from './values/rule-values.ts'
import {
  bandwidth,
  gateways,
  holdSeconds,
  interfacePattern,
  markShift,
  masquerade,
  metric,
  mtu,
  oneOf,
  overflowAt,
  prefixes,
  readySeconds,
  ruleBase,
  sharedAddress,
  sourceAddresses,
  tableBase,
  uplinkNumber,
  weight,
  yesNo,
} from './values/values.ts'

const probeKind = oneOf(...(Object.keys(probeKinds) as ProbeKind[]))

const mode = oneOf(...(Object.keys(modes) as Mode[]))

const balanceKeys = {
  mode: key({
    into: 'balance.mode',
    reader: mode,
    initial: 'connection',
    help: 'how connections are spread over the uplinks',
  }),
  spread: key({
    into: 'balance.spread',
    reader: oneOf(...spreads),
    made: (value) => (value === 'weight' ? undefined : value),
    otherwise: 'weight',
    help: 'which of the uplinks of the lowest metric take new connections',
  }),
  'overflow-at': key({
    into: 'balance.overflowAt',
    reader: overflowAt,
    made: (value) => value / 100,
    otherwise: '90',
    help: 'percent of what an uplink can carry: from there on it is full',
  }),
  adopt: key({
    into: 'balance.adopt',
    reader: oneOf('auto', 'listed'),
    initial: 'auto',
    help: 'which interfaces are uplinks: all that look like one, or those with a section',
  }),
  masquerade: key({
    into: 'balance.masquerade',
    reader: masquerade,
    initial: 'auto',
    help: 'which connections get the address of the uplink that they leave by',
  }),
  'no-masquerade': key({
    into: 'balance.noMasquerade',
    reader: sources,
    otherwise: null,
    help: 'sources that are never translated',
  }),
  offload: key({
    into: 'balance.offload',
    reader: yesNo,
    made: (value) => value || undefined,
    otherwise: 'no',
    help: 'whether established forwarded connections go past the rules, by a flowtable',
  }),
  'source-check': key({
    into: 'balance.sourceCheck',
    reader: oneOf('kernel', 'own'),
    made: (value) => (value === 'own' ? value : undefined),
    otherwise: 'kernel',
    help: 'who drops spoofed sources: the kernel, or one line of ours, which is cheaper',
  }),
  mptcp: key({
    into: 'balance.mptcp',
    reader: oneOf('auto', 'no'),
    made: (value) => (value === 'no' ? value : undefined),
    otherwise: 'auto',
    help: 'whether one MPTCP connection may use all usable uplinks',
  }),
  tunnels: key({
    into: 'balance.tunnels',
    reader: oneOf('follow', 'leave'),
    made: (value) => (value === 'leave' ? value : undefined),
    otherwise: 'follow',
    help: "whether the host's WireGuard tunnels go where new connections go",
  }),
  'last-resort': key({
    into: 'balance.lastResort',
    reader: oneOf('main', 'unreachable', 'prohibit', 'blackhole'),
    initial: 'main',
    help: 'what becomes of new connections when no uplink is usable',
  }),
  'closing-route': key({
    into: 'balance.closing',
    reader: oneOf('unreachable', 'prohibit', 'blackhole', 'throw'),
    otherwise: 'unreachable',
    help: 'what becomes of packets of an uplink without a way out',
  }),
  probe: key({
    into: 'balance.probe',
    reader: oneOf('icmp', 'none'),
    made: (value) => (value === 'none' ? value : undefined),
    otherwise: 'icmp',
    help: 'whether uplinks are probed at all',
  }),
  'mark-shift': key({
    into: 'layout.markShift',
    reader: markShift,
    initial: defaultLayout.markShift,
    help: 'the lowest of the eight bits of marks that are ours',
  }),
  'table-base': key({
    into: 'layout.tableBase',
    reader: tableBase,
    initial: defaultLayout.tableBase,
    help: 'the number below our routing tables',
  }),
  'rule-base': key({
    into: 'layout.ruleBase',
    reader: ruleBase,
    initial: defaultLayout.ruleBase,
    help: 'the first of the thousand priorities of our rules',
  }),
}

const haKeys = {
  address: key({
    into: 'ha.address',
    reader: sharedAddress,
    otherwise: null,
    help: 'the address on the LAN that both routers share: who has it is active',
  }),
  hold: key({
    into: 'ha.holdSeconds',
    reader: holdSeconds,
    initial: 3,
    help: 'seconds that a deletion of connections waits',
  }),
  ready: key({
    into: 'ha.readySeconds',
    reader: readySeconds,
    initial: 10,
    help: 'seconds after the start in which no uplink is told to be usable',
  }),
}

const notifyKeys = {
  mail: key({
    into: 'notify.mail',
    reader: mailRecipients,
    otherwise: null,
    help: 'who gets mail: users of this host, or addresses',
  }),
  command: key({
    into: 'notify.command',
    reader: commandLine,
    otherwise: null,
    help: 'a program that is run for each message, with its arguments',
  }),
  webhook: key({ into: 'notify.webhook', reader: webhook, otherwise: null, help: 'what each message is posted to' }),
  after: key({
    into: 'notify.afterSeconds',
    reader: duration,
    initial: 30,
    otherwise: '30s',
    help: 'how long an outage has to last before it is told',
  }),
  quiet: key({
    into: 'notify.quiet',
    reader: quietHours,
    otherwise: null,
    help: 'hours in which nothing is sent; it is sent when they end',
  }),
}

const uplinkKeys = {
  interface: key({
    into: 'uplink.interface',
    reader: interfacePattern,
    otherwise: 'NAME',
    help: 'the interface, or a pattern for it',
  }),
  enabled: key({
    into: 'uplink.enabled',
    reader: yesNo,
    initial: true,
    help: 'whether the interface is balanced over',
  }),
  number: key({
    into: 'uplink.number',
    reader: uplinkNumber,
    otherwise: 'one that is free',
    help: 'its number in marks, tables and rules',
  }),
  weight: key({
    into: 'uplink.weight',
    reader: weight,
    made: (value) => (value === 'auto' ? undefined : value),
    otherwise: 'auto',
    help: 'the share of new connections, in relation to the weights of others',
  }),
  bandwidth: key({
    into: 'uplink.bandwidth',
    reader: bandwidth,
    otherwise: null,
    help: 'what the contract allows, down and up, in bits a second',
  }),
  metric: key({
    into: 'uplink.metric',
    reader: metric,
    otherwise: '10',
    help: 'only usable uplinks of the lowest metric carry new connections',
    costly: true,
  }),
  mtu: key({
    into: 'uplink.mtu',
    reader: mtu,
    made: (value) => (value === 'auto' ? undefined : value),
    otherwise: 'auto',
    help: 'the largest packet that the path behind it takes',
  }),
  gateway: key({
    into: 'uplink.gateway',
    reader: gateways,
    otherwise: null,
    help: 'the gateway, before all that others tell',
  }),
  prefix: key({
    into: 'uplink.prefixes',
    reader: prefixes,
    otherwise: null,
    help: 'IPv6 prefixes that the provider routes to this host',
  }),
  metered: key({
    into: 'uplink.metered',
    reader: yesNo,
    otherwise: 'no',
    help: 'whether traffic costs money, so that it is probed rarely',
    costly: true,
  }),
  standby: key({
    into: 'uplink.standby',
    reader: yesNo,
    otherwise: 'no',
    help: 'whether it is used only while no other works',
    costly: true,
  }),
  probe: key({
    into: 'probe.kind',
    reader: probeKind,
    otherwise: 'icmp',
    help: 'how it is found out whether the internet behind it is alive',
  }),
  'probe-targets': key({
    into: 'probe.targets',
    reader: targets,
    otherwise: '1.1.1.1, 8.8.8.8 and 9.9.9.9',
    help: 'what is asked',
  }),
  'probe-interval': key({
    into: 'probe.intervalMs',
    reader: probeInterval,
    otherwise: '1',
    help: 'seconds between two probes',
  }),
  'probe-status': key({
    into: 'probe.status',
    reader: httpStatus,
    otherwise: '200',
    help: 'the status that a page has to have',
  }),
  'probe-body': key({
    into: 'probe.body',
    reader: bodyText,
    otherwise: null,
    help: 'a text that a page has to contain',
  }),
  'probe-name': key({
    into: 'probe.name',
    reader: dnsName,
    otherwise: 'debian.org',
    help: 'what name servers are asked for',
  }),
  'count-up': key({
    into: 'probe.countUp',
    reader: count,
    otherwise: '3',
    help: 'so many probes in a row have to be answered before it is online again',
  }),
  'count-down': key({
    into: 'probe.countDown',
    reader: count,
    otherwise: '1',
    help: 'so many bursts in a row have to fail before it is offline',
  }),
  quorum: key({
    into: 'probe.quorum',
    reader: quorum,
    otherwise: 'half of them, rounded up',
    help: 'so many targets have to answer',
  }),
  'max-latency': key({
    into: 'probe.maxLatencyMs',
    reader: maxLatency,
    made: ({ value }) => value,
    otherwise: '1500',
    help: 'milliseconds; slower than that on average, it is used after all others',
  }),
  'max-jitter': key({
    into: 'probe.maxJitterMs',
    reader: maxJitter,
    made: ({ value }) => value,
    otherwise: 'off',
    help: 'milliseconds; when answers vary by more, it is used after all others',
  }),
  'max-loss': key({
    into: 'probe.maxLoss',
    reader: maxLoss,
    made: ({ value }) => value,
    otherwise: '20',
    help: 'percent of probes; with more lost, it is used after all others',
  }),
  failback: key({
    into: 'uplink.failback',
    reader: oneOf('drain', 'kill'),
    otherwise: 'drain',
    help: 'whether connections elsewhere are cut when it is back',
  }),
  quota: key({
    into: 'quota.bytes',
    reader: quota,
    otherwise: null,
    help: 'bytes that the contract allows',
    costly: true,
  }),
  'quota-reset-day': key({
    into: 'quota.resetDay',
    reader: resetDay,
    initial: 1,
    help: 'the day of the month on which counting begins anew',
  }),
  'at-quota': key({
    into: 'quota.atQuota',
    reader: oneOf('demote', 'disable'),
    initial: 'demote',
    help: 'what becomes of it when the quota is used up',
    costly: true,
  }),
  source: key({
    into: 'uplink.source',
    reader: sourceAddresses,
    otherwise: null,
    help: 'the address that forwarded connections are translated to',
  }),
  masquerade: key({
    into: 'uplink.masquerade',
    reader: masquerade,
    otherwise: 'what [balance] says',
    help: 'as in [balance], for what leaves by it',
  }),
  'no-masquerade': key({
    into: 'uplink.noMasquerade',
    reader: sources,
    otherwise: null,
    help: 'sources that are not translated when they leave by it, besides others',
  }),
}

const matchKeys = Object.fromEntries(
  fields.map(([name, field]) => {
    const { reader, help } = field
    return [field.key, key({ into: `match.${name}`, reader, otherwise: null, help })]
  }),
) as unknown as MatchKeys

type MatchKeys = {
  readonly [K in keyof FieldReaders]: Key<`match.${FieldReaders[K]['name']}`, FieldReaders[K]['read']>
}

/** Keys of a [rule]: what it matches, and what becomes of the connection. */
const ruleKeys = {
  ...matchKeys,
  uplinks: key({
    into: 'use.uplinks',
    reader: shares,
    initial: null,
    otherwise: 'those that carry everything else',
    help: 'the uplinks, with their weights',
  }),
  mode: key({ into: 'use.mode', reader: mode, initial: 'connection', help: 'how they are spread over these' }),
  spread: key({
    into: 'use.spread',
    reader: oneOf(...spreads),
    made: (value) => (value === 'weight' ? undefined : value),
    otherwise: 'weight',
    help: 'which of these take new connections',
  }),
  'overflow-at': key({
    into: 'use.overflowAt',
    reader: overflowAt,
    made: (value) => value / 100,
    otherwise: '90',
    help: 'percent of what an uplink can carry: from there on it is full',
  }),
  sticky: key({
    into: 'use.stickySeconds',
    reader: duration,
    otherwise: null,
    help: 'how long a client keeps its uplink after its last new connection',
  }),
  'last-resort': key({
    into: 'use.lastResort',
    reader: oneOf('balance', 'main', 'unreachable', 'prohibit', 'blackhole'),
    initial: 'balance',
    help: 'what becomes of the connection when none of its uplinks works',
  }),
  'max-latency': key({
    into: 'use.maxLatencyMs',
    reader: maxLatency,
    made: ({ value }) => value ?? undefined,
    otherwise: null,
    help: 'milliseconds; uplinks that are slower come after those that are not',
  }),
  'max-jitter': key({
    into: 'use.maxJitterMs',
    reader: maxJitter,
    made: ({ value }) => value ?? undefined,
    otherwise: null,
    help: 'milliseconds; uplinks whose answers vary by more come after the others',
  }),
  'max-loss': key({
    into: 'use.maxLoss',
    reader: maxLoss,
    made: ({ value }) => value ?? undefined,
    otherwise: null,
    help: 'percent; uplinks that lose more probes come after those that do not',
  }),
}

type KeyOf<K> = K[keyof K]

/** Members of Config to which no key leads. */
type Unreached = Exclude<
  Target,
  (
    | KeyOf<typeof balanceKeys>
    | KeyOf<typeof haKeys>
    | KeyOf<typeof notifyKeys>
    | KeyOf<typeof uplinkKeys>
    | KeyOf<typeof ruleKeys>
  )['into']
>

/** Keys by kind of section. While a member of Config has no key, this does not compile, and the error names it. */
export const sectionKeys = {
  balance: balanceKeys,
  ha: haKeys,
  notify: notifyKeys,
  uplink: uplinkKeys,
  rule: ruleKeys,
} satisfies Readonly<Record<string, Keys>> & Readonly<Record<Unreached, never>>

export type BalanceValues = Values<typeof balanceKeys>
export type HaValues = Values<typeof haKeys>
export type NotifyValues = Values<typeof notifyKeys>
export type UplinkValues = Values<typeof uplinkKeys>
export type RuleValues = Values<typeof ruleKeys>
