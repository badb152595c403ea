/** The world as it is once the kernel has taken steps, as far as it tells where packets go: routes and rules. Pure. */
import type { Route, Rule } from '../model/kernel.ts'
import type { Observed } from '../model/observed.ts'
import type { Step } from '../model/step.ts'
import { routeKey } from './diff.ts'

export function afterSteps(observed: Observed, steps: readonly Step[]): Observed {
  let { routes, rules } = observed
  for (const step of steps) {
    if (step.kind === 'replace-route') routes = [...without(routes, step.route), step.route]
    if (step.kind === 'delete-route') routes = without(routes, step.route)
    if (step.kind === 'add-rule') rules = [...rules, step.rule]
    if (step.kind === 'delete-rule') rules = withoutFirst(rules, step.rule)
  }
  // The kernel walks rules by priority, and one that is added comes behind its equals.
  return { ...observed, routes, rules: rules.toSorted((one, other) => one.priority - other.priority) }
}

function without(routes: readonly Route[], route: Route): readonly Route[] {
  return routes.filter((other) => routeKey(other) !== routeKey(route))
}

function withoutFirst(rules: readonly Rule[], rule: Rule): readonly Rule[] {
  const at = rules.findIndex(
    ({ family, priority, spec }) => family === rule.family && priority === rule.priority && spec === rule.spec,
  )
  return at === -1 ? rules : rules.toSpliced(at, 1)
}
