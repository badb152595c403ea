/**
 * Observed against desired -> the steps between them, in an order of which every beginning carries traffic. Pure.
 *
 * What marks refer to is there before anything is marked; the balanced default comes last and goes first. See
 * reconcile/apply/apply.ts for how the steps become one nft transaction and one ip batch a family.
 */
import { isDeepStrictEqual } from 'node:util'
import { ruleSpec } from '../kernel/iproute/rule.ts'
import type { Layout } from '../layout.ts'
import {
  balancedTable,
  inOurBlock,
  lastPriority,
  markOf,
  marks,
  maxUplinks,
  protocols,
  tables,
  uplinkTable,
} from '../layout.ts'
import type { Desired } from '../model/desired.ts'
import type { Route, Rule, Ruleset } from '../model/kernel.ts'
import type { MptcpEndpoint } from '../model/mptcp.ts'
import type { Observed } from '../model/observed.ts'
import type { KnownUplink } from '../model/state.ts'
import type { Step } from '../model/step.ts'
import type { Uplink } from '../model/uplink.ts'
import type { Family } from '../net/family.ts'
import { isOurEndpoint, mostSubflows } from './decide/mptcp.ts'
import { ourRoutes } from './decide/ours/our-routes.ts'
import { allLayouts, connectionsOfFormerMarks } from './decide/ours/previous-layout.ts'
import { formerMainFirstSpec, mainFirstSpec } from './decide/routing/main-first.ts'
import { isOurRuleset } from './decide/ruleset/ruleset.ts'
import { connectionsOfFormerPrefixes } from './decide/translation/nptv6.ts'
import { strandedToForget } from './decide/translation/stranded.ts'
import { untranslatedToForget } from './decide/translation/untranslated.ts'
import { deadUplinks, lostUplinks } from './decide/uplinks/drains.ts'
import { replacedAddresses } from './decide/uplinks/former-addresses.ts'

/** The steps in their order. `layout` is that of the configuration; earlier ones are cleaned up, too. */
export function diff(observed: Observed, desired: Desired, layout: Layout): readonly Step[] {
  const hasTable = observed.ruleset !== null && isOurRuleset(observed.ruleset)
  const everywhere = allLayouts(layout, observed)
  const routes = diffRoutes(observed, desired, everywhere)
  const rules = diffRules(observed, desired, everywhere)
  const balanced = ({ route }: { route: Route }) => everywhere.some((one) => route.table === balancedTable(one))
  return [
    ...diffMemory(observed, desired),
    ...diffSysctls(observed, desired),
    ...(desired.ruleset ? diffRuleset(observed.ruleset, desired.ruleset) : []),
    ...routes.replaced.filter((step) => !balanced(step)),
    ...rules.removedPair,
    ...rules.added,
    ...routes.replaced.filter(balanced),
    ...rules.addedPair,
    ...routes.deleted.filter(balanced),
    ...rules.removed,
    ...routes.deleted.filter((step) => !balanced(step)),
    ...diffMptcp(observed, desired),
    ...(desired.ruleset === null && hasTable ? [{ kind: 'delete-ruleset' } as const] : []),
    ...connectionsToForget(observed, desired, layout),
    ...(becomesActive(observed, desired) ? [strandedToForget(desired.uplinks, observed, layout)] : []),
    ...connectionsOfFormerPrefixes(observed.ruleset, desired.ruleset, desired.uplinks, layout),
    ...(desired.uplinks.length > 0 ? connectionsOfFormerMarks(layout, observed) : []),
    ...replacedAddresses(desired.state.uplinks, observed, desired.rules, layout).map(
      (replaced) => ({ kind: 'close-sockets', ...replaced }) as const,
    ),
    ...untranslatedToForget(observed, desired.ruleset, desired.uplinks, layout),
  ]
}

// ---- memory, sysctls, ruleset ----------------------------------------------------------------------------------

/**
 * Steps that write down. Former values are written before the sysctls change, so that no kill in between loses them.
 */
function diffMemory(observed: Observed, desired: Desired): readonly Step[] {
  const { state, tableNames } = desired
  return [
    ...(isDeepStrictEqual(observed.state, state) ? [] : [{ kind: 'remember', state } as const]),
    ...((observed.tableNames ?? '') === tableNames ? [] : [{ kind: 'name-tables', text: tableNames } as const]),
  ]
}

/**
 * Steps that set sysctls: to wanted values, and back to former ones where they are no longer ours. Interfaces that are
 * gone took theirs along.
 */
function diffSysctls(observed: Observed, desired: Desired): readonly Step[] {
  const wanted = { ...observed.state.sysctls, ...desired.sysctls }
  return Object.entries(wanted)
    .filter(([name, value]) => name in observed.sysctls && observed.sysctls[name] !== value)
    .map(([name, value]) => ({ kind: 'set-sysctl', name, value }))
}

function diffRuleset(observed: Ruleset | null, desired: Ruleset): readonly Step[] {
  const chains = (ruleset: Ruleset) => ruleset.chains.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const sets = (ruleset: Ruleset) => (ruleset.sets ?? []).map(({ name }) => name).sort()
  const same =
    observed !== null &&
    isDeepStrictEqual(chains(observed), chains(desired)) &&
    isDeepStrictEqual(sets(observed), sets(desired))
  return same ? [] : [{ kind: 'load-ruleset', ruleset: desired, former: observed }]
}

/**
 * Endpoints that go come first, as the kernel takes eight. The number of subflows is put back where nobody else has
 * changed it.
 */
function diffMptcp({ mptcp, state }: Observed, desired: Desired): readonly Step[] {
  if (!mptcp) return []
  const there = mptcp.endpoints.filter(isOurEndpoint)
  const wanted = desired.mptcp?.endpoints ?? []
  const isSame = (one: MptcpEndpoint, other: MptcpEndpoint) =>
    one.id === other.id && one.address === other.address && one.device === other.device
  const subflows = desired.mptcp?.subflows ?? (mptcp.subflows === mostSubflows ? state.subflows : undefined)
  return [
    ...there
      .filter((one) => !wanted.some((other) => isSame(one, other)))
      .map((endpoint) => ({ kind: 'delete-endpoint', endpoint }) as const),
    ...(subflows === undefined || subflows === mptcp.subflows ? [] : [{ kind: 'set-subflows', subflows } as const]),
    ...wanted.flatMap((endpoint): readonly Step[] => {
      const present = there.find((other) => isSame(other, endpoint))
      if (present === undefined) return [{ kind: 'add-endpoint', endpoint }]
      return isDeepStrictEqual(present.flags, endpoint.flags) ? [] : [{ kind: 'change-endpoint', endpoint }]
    }),
  ]
}

// ---- routes ----------------------------------------------------------------------------------------------------

type RouteStep<K> = { readonly kind: K; readonly route: Route }

function diffRoutes(observed: Observed, desired: Desired, everywhere: readonly Layout[]) {
  const ours = observed.routes.filter(ourRoutes(everywhere, observed))
  const there = new Map(ours.map((route) => [routeKey(route), route]))
  const wanted = new Set(desired.routes.map(routeKey))
  return {
    replaced: desired.routes
      .filter((route) => !isDeepStrictEqual(comparable(there.get(routeKey(route))), comparable(route)))
      .map((route): RouteStep<'replace-route'> => ({ kind: 'replace-route', route })),
    deleted: ours
      .filter((route) => !wanted.has(routeKey(route)))
      .map((route): RouteStep<'delete-route'> => ({ kind: 'delete-route', route })),
  }
}

/** What `ip route replace` identifies a route by. */
export function routeKey({ family, table, destination, metric }: Route): string {
  return [family, table, destination, metric].join(' ')
}

/** A route for comparing: the kernel may list an IPv6 route's nexthops in another order. */
function comparable(route: Route | undefined): Route | undefined {
  const byDevice = (hops: Route['nexthops']) => hops.toSorted((a, b) => (a.device < b.device ? -1 : 1))
  return route && { ...route, nexthops: byDevice(route.nexthops) }
}

// ---- rules -----------------------------------------------------------------------------------------------------

function diffRules(observed: Observed, desired: Desired, everywhere: readonly Layout[]) {
  const inBlock = ({ priority }: Rule) => everywhere.some((layout) => inOurBlock(priority, layout))
  const there = observed.rules.filter((rule) => rule.protocol === protocols.rule && !rule.foreign && inBlock(rule))
  const wanted = desired.rules.filter(inBlock)
  const missing = subtract(wanted, there)
  const surplus = subtract(there, wanted)
  // The kernel takes a rule with another jump target, or with `not`, for the same rule, so the former one has to go
  // first. So has a jump past addresses that does not know all of them any more.
  const taken = missing.map((rule) =>
    surplus.find((other) => kernelKey(other) === kernelKey(rule) || isNewPrefix(other, rule)),
  )
  const pairs = (['inet', 'inet6'] as const).map((family) =>
    diffPair(
      observed.rules.filter((rule) => rule.family === family && rule.priority === lastPriority),
      desired.rules.filter((rule) => rule.family === family && rule.priority === lastPriority),
      everywhere,
    ),
  )
  return {
    added: missing.flatMap((rule, index) => [...[taken[index] ?? []].flat().map(deleteRule), addRule(rule)]),
    removed: surplus.filter((rule) => !taken.includes(rule)).map(deleteRule),
    addedPair: pairs.flatMap(({ added }) => added.map(addRule)),
    removedPair: pairs.flatMap(({ removed }) => removed.map(deleteRule)),
  }
}

/**
 * Steps for the pair, which has to be the last at its priority, in its order, behind whatever others put there. The
 * kernel appends, so ours are taken away (the balanced one first) and added again; meanwhile main decides.
 */
function diffPair(there: readonly Rule[], wanted: readonly Rule[], everywhere: readonly Layout[]) {
  const specs = pairSpecs(everywhere)
  const isOurs = ({ protocol, spec }: Rule) => protocol === protocols.rule && (specs.has(spec) || leavesToMain(spec))
  const ours = there.filter(isOurs)
  const tail = there.slice(there.length - wanted.length)
  if (ours.length === wanted.length && isDeepStrictEqual(tail, wanted)) return { added: [], removed: [] }
  return { added: wanted, removed: ours.toReversed() }
}

/**
 * Whether the rule is one of those that leave something to main: for each uplink, and for each network of
 * routed-networks.ts. Which ones there were is not remembered.
 */
function leavesToMain(spec: string): boolean {
  return new RegExp(`^(from \\S+ (fwmark 0x0/0x[0-9a-f]+ )?|iif \\S+ )lookup ${tables.main}$`).test(spec)
}

/** All other rules that rules.ts may have put at the pair's priority, with whatever numbers. */
function pairSpecs(everywhere: readonly Layout[]): ReadonlySet<string> {
  const specs = everywhere.flatMap((layout) => {
    const { numberMask, incoming } = marks(layout)
    const balanced = { lookup: balancedTable(layout) }
    const byNumber = Array.from({ length: maxUplinks }, (_, index) => ({
      mark: { value: markOf(index + 1, layout), mask: numberMask },
      action: { lookup: uplinkTable(index + 1, layout) },
    }))
    const unsteered = { value: 0, mask: (numberMask | incoming) >>> 0 }
    return [{ action: balanced }, { mark: unsteered, action: balanced }, ...byNumber]
  })
  return new Set([formerMainFirstSpec, mainFirstSpec, ...specs.map(ruleSpec)])
}

/**
 * What is in the first list and not in the second. They are multisets: a rule that is there twice is there once too
 * often.
 */
function subtract(from: readonly Rule[], what: readonly Rule[]): readonly Rule[] {
  const left = new Map<string, number>()
  for (const rule of what) left.set(ruleKey(rule), (left.get(ruleKey(rule)) ?? 0) + 1)
  return from.filter((rule) => {
    const count = left.get(ruleKey(rule)) ?? 0
    left.set(ruleKey(rule), count - 1)
    return count <= 0
  })
}

function ruleKey({ family, priority, spec }: Rule): string {
  return [family, priority, spec].join(' ')
}

/**
 * What the kernel compares of a rule, to refuse one that exists and to find one to delete: neither a jump's target nor
 * `not`.
 */
function kernelKey(rule: Rule): string {
  return ruleKey({ ...rule, spec: rule.spec.replace(/^not /, '').replace(/\bgoto \d+$/, 'goto') })
}

/** Whether both lead past the same addresses' rules: see bound-addresses.ts. */
function isNewPrefix(one: Rule, other: Rule): boolean {
  const isJump = ({ spec }: Rule) => /^not from \S+ goto \d+$/.test(spec)
  return one.family === other.family && one.priority === other.priority && isJump(one) && isJump(other)
}

function addRule(rule: Rule): Step {
  return { kind: 'add-rule', rule }
}

function deleteRule(rule: Rule): Step {
  return { kind: 'delete-rule', rule }
}

// ---- connections -----------------------------------------------------------------------------------------------

/**
 * Steps that end connections of dead uplinks. Connections stay while nothing else can carry them, and so do those of an
 * uplink that merely gave way to a better one. Who has become active ends what its peer had on uplinks that are dead here.
 */
function connectionsToForget(observed: Observed, desired: Desired, layout: Layout): readonly Step[] {
  const lost = (['inet', 'inet6'] as const).flatMap((family) =>
    (becomesActive(observed, desired)
      ? deadUplinks(family, desired, layout)
      : lostUplinks(family, observed, desired, layout)
    ).map((uplink) => forgetConnections(uplink, family, desired.uplinks, layout)),
  )
  return [...lost, ...(desired.uplinks.length > 0 ? connectionsOfGivenBack(observed, desired, layout) : [])]
}

function becomesActive({ state: before }: Observed, { state: now }: Desired): boolean {
  return now.role === 'active' && before.role !== 'active'
}

/**
 * Steps that end connections of numbers that were given back, as another uplink may get the number soon, or that the
 * configuration gives to another now.
 */
function connectionsOfGivenBack({ state }: Observed, desired: Desired, layout: Layout): readonly Step[] {
  const { pinned, numberMask } = marks(layout)
  const owners = new Map(Object.entries(desired.state.uplinks).map((entry) => [entry[1].number, entry]))
  return Object.entries(state.uplinks)
    .filter((before) => !isSame(before, owners.get(before[1].number)))
    .map(([uplink, { number }]) => ({
      kind: 'forget-connections',
      uplink,
      mark: (markOf(number, layout) | pinned) >>> 0,
      mask: (numberMask | pinned) >>> 0,
    }))
}

/** Whether it is the same uplink, perhaps under another name or as another interface. */
function isSame([name, before]: Known, now: Known | undefined): boolean {
  if (now === undefined) return false
  const hasHardware = before.hardware?.some((id) => now[1].hardware?.includes(id)) ?? false
  return name === now[0] || before.interface === now[1].interface || hasHardware
}

type Known = readonly [name: string, uplink: KnownUplink]

/**
 * The step that ends connections of one uplink and family: those that carry its mark, and sockets that have an address
 * of it alone.
 */
export function forgetConnections(
  uplink: Uplink,
  family: Family,
  uplinks: readonly Uplink[],
  layout: Layout,
): Extract<Step, { kind: 'forget-connections' }> {
  const { pinned, incoming, numberMask } = marks(layout)
  const others = uplinks.filter((other) => other !== uplink).flatMap((other) => other[family]?.addresses ?? [])
  return {
    kind: 'forget-connections',
    uplink: uplink.name,
    family,
    mark: (markOf(uplink.number, layout) | pinned) >>> 0,
    mask: (numberMask | pinned | incoming) >>> 0,
    addresses: (uplink[family]?.addresses ?? []).filter((address) => !others.includes(address)),
    device: uplink.interface,
  }
}
