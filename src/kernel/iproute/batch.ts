/** Steps -> lines for `ip -batch`, in numbers only: names of tables may not be there yet. */

import type { Nexthop, Route, Rule } from '../../model/kernel.ts'
import type { Step } from '../../model/step.ts'
import { metricWords } from './route-metrics.ts'

export type IpStep = Extract<Step, { kind: 'replace-route' | 'delete-route' | 'add-rule' | 'delete-rule' }>

export function isIpStep(step: Step): step is IpStep {
  return ['replace-route', 'delete-route', 'add-rule', 'delete-rule'].includes(step.kind)
}

export function ipLine(step: IpStep): string {
  switch (step.kind) {
    case 'replace-route':
      return `route replace ${routeWords(step.route)}`
    case 'delete-route':
      return `route del ${identityWords(step.route).join(' ')}`
    case 'add-rule':
      return `rule add ${ruleWords(step.rule)}`
    case 'delete-rule':
      return `rule del ${ruleWords(step.rule)}`
  }
}

function ruleWords({ priority, spec, protocol }: Rule): string {
  return `priority ${priority} ${spec} protocol ${protocol}`
}

function routeWords(route: Route): string {
  const [first, ...others] = route.nexthops
  const { metrics = {}, source } = route
  const identity = [...identityWords(route), ...(source === undefined ? [] : ['src', source]), ...metricWords(metrics)]
  if (first === undefined) return identity.join(' ')
  if (others.length === 0) return [...identity, ...hopWords(first)].join(' ')
  const hops = route.nexthops.map((hop) => ['nexthop', ...hopWords(hop), 'weight', String(hop.weight)].join(' '))
  return [...identity, ...hops].join(' ')
}

function identityWords({ type, destination, table, protocol, metric }: Route): readonly string[] {
  return [
    ...(type === 'unicast' ? [] : [type]),
    destination,
    ...['table', String(table), 'proto', String(protocol)],
    ...(metric === 0 ? [] : ['metric', String(metric)]),
  ]
}

function hopWords({ gateway, device, onlink }: Nexthop): readonly string[] {
  return [...(gateway === null ? [] : ['via', gateway]), 'dev', device, ...(onlink ? ['onlink'] : [])]
}
