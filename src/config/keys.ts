/** Which keys each section has. Pure. */
import {
  gateways,
  interfacePattern,
  markShift,
  metric,
  oneOf,
  type Reader,
  ruleBase,
  tableBase,
  weight,
  yesNo,
} from './values.ts'

export const balanceKeys = {
  mode: oneOf('connection', 'flow', 'source', 'failover'),
  adopt: oneOf('auto', 'listed'),
  masquerade: yesNo,
  'last-resort': oneOf('main', 'unreachable', 'prohibit', 'blackhole'),
  'mark-shift': markShift,
  'table-base': tableBase,
  'rule-base': ruleBase,
}

export const uplinkKeys = {
  interface: interfacePattern,
  enabled: yesNo,
  weight,
  metric,
  gateway: gateways,
  metered: yesNo,
}

type Keys = Readonly<Record<string, Reader<unknown>>>

/** What a section said, by key; a key that is absent or wrong is not there. */
export type Values<K extends Keys> = { readonly [P in keyof K]?: K[P] extends Reader<infer T> ? T : never }

export type BalanceValues = Values<typeof balanceKeys>
export type UplinkValues = Values<typeof uplinkKeys>
