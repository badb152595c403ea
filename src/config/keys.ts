/** Which keys each section has. Pure. */

import { type Mode, modes } from '../model/mode.ts'
import { type ProbeKind, probeKinds } from '../model/probe-kind.ts'
import {
  bodyText,
  count,
  dnsName,
  httpStatus,
  maxLatency,
  maxLoss,
  probeInterval,
  quorum,
  quota,
  resetDay,
  targets,
} from './probe-values.ts'
import {
  addresses,
  cgroup,
  domains,
  dscp,
  duration,
  interfaces,
  mark,
  ports,
  protocols,
  shares,
  sources,
  users,
} from './rule-values.ts'
import {
  gateways,
  interfacePattern,
  markShift,
  masquerade,
  metric,
  mtu,
  oneOf,
  prefixes,
  type Reader,
  ruleBase,
  tableBase,
  weight,
  yesNo,
} from './values.ts'

const probeKind = oneOf(...(Object.keys(probeKinds) as ProbeKind[]))

const mode = oneOf(...(Object.keys(modes) as Mode[]))

export const balanceKeys = {
  mode,
  adopt: oneOf('auto', 'listed'),
  masquerade,
  'no-masquerade': sources,
  offload: yesNo,
  'last-resort': oneOf('main', 'unreachable', 'prohibit', 'blackhole'),
  'closing-route': oneOf('unreachable', 'prohibit', 'blackhole', 'throw'),
  probe: oneOf('icmp', 'none'),
  'mark-shift': markShift,
  'table-base': tableBase,
  'rule-base': ruleBase,
}

export const uplinkKeys = {
  interface: interfacePattern,
  enabled: yesNo,
  weight,
  metric,
  mtu,
  gateway: gateways,
  prefix: prefixes,
  metered: yesNo,
  standby: yesNo,
  probe: probeKind,
  'probe-targets': targets,
  'probe-interval': probeInterval,
  'probe-status': httpStatus,
  'probe-body': bodyText,
  'probe-name': dnsName,
  'count-up': count,
  'count-down': count,
  quorum,
  'max-latency': maxLatency,
  'max-loss': maxLoss,
  failback: oneOf('drain', 'kill'),
  quota,
  'quota-reset-day': resetDay,
  'at-quota': oneOf('demote', 'disable'),
  masquerade,
  'no-masquerade': sources,
}

export const ruleKeys = {
  source: addresses,
  destination: addresses,
  protocol: protocols,
  port: ports,
  'source-port': ports,
  dscp,
  interface: interfaces,
  mark,
  user: users,
  cgroup,
  domain: domains,
  uplinks: shares,
  mode,
  sticky: duration,
  'last-resort': oneOf('balance', 'main', 'unreachable', 'prohibit', 'blackhole'),
}

type Keys = Readonly<Record<string, Reader<unknown>>>

/** What a section said, by key; a key that is absent or wrong is not there. */
export type Values<K extends Keys> = { readonly [P in keyof K]?: K[P] extends Reader<infer T> ? T : never }

export type BalanceValues = Values<typeof balanceKeys>
export type UplinkValues = Values<typeof uplinkKeys>
export type RuleValues = Values<typeof ruleKeys>
