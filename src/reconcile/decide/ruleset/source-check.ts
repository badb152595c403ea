/**
 * Spoofed sources, dropped by our table in place of the kernel's source validation (fib_validate_source() of
 * net/ipv4/fib_frontend.c). As soon as a host has a policy rule, that looks the source of each forwarded packet up in all rules and
 * routes, which is more than all that we do. It is left out only where `rp_filter` is 0 and `accept_local` is 1. IPv6 has no such thing. Pure.
 *
 * - Where validation is loose, it drops what claims to be from this host, from a broadcast address, from where no route
 *   leads, or from what a route refuses. The first two are addresses of table `local`; where the others may be, the kernel's check stays.
 * - Where it is strict, the same look-up is made by nft's `fib`, for the same interfaces.
 * - The sysctls follow the rules: none is written before the kernel has the rules that stand for it.
 */

import { isDeepStrictEqual } from 'node:util'
import { balancedTable, bridgedFramesSysctl, hookPriorities, isOurTable, linkSysctls, tables } from '../../../layout.ts'
import { isUplinkIn } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain, Link, Route } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { isInterfaceName } from '../../../net/valid.ts'

export interface SourceCheck {
  readonly chains: readonly Chain[]
  /** The first rules of all in the prerouting hook: no packet of a known connection goes past them. */
  readonly prerouting: readonly string[]
}

/**
 * They are in the chain that packets meet anyway, as a hook of its own costs each packet as much as the look-up, also in IPv6. Behind connection
 * tracking that is still before all that the kernel's own check comes before: that is a part of routing.
 */
export function decideSourceCheck(config: Config, uplinks: readonly Uplink[], observed: Observed): SourceCheck {
  if (config.balance.sourceCheck !== 'own' || whyKernel(config, observed) !== null)
    return { chains: [], prerouting: [] }
  const own = ownAddresses(observed).map(({ destination }) => destination)
  const strict = strictDevices(uplinks, observed)
  const chain = (name: string, ...rules: readonly string[]): Chain => ({ name, hook: null, rules })
  return {
    chains: [
      // What the host sends to a group comes back to it by the device that it left by, and has its route already.
      chain(
        'claimed',
        `iif ${loopback} return`,
        'meta pkttype { broadcast, multicast } rt ip nexthop 0.0.0.0-255.255.255.255 return',
        'drop',
      ),
      ...(strict === null
        ? []
        : // As the kernel's, it says nothing of what IPsec has unpacked.
          [
            chain(
              'strict',
              ...(observed.ipsec ? ['meta ipsec exists return'] : []),
              'fib saddr . iif oif missing drop',
            ),
          ]),
    ],
    prerouting: [
      `ip saddr { ${own.toSorted().join(', ')} } jump claimed`,
      ...(strict === null ? [] : [`meta nfproto ipv4 iif ${strict} jump strict`]),
    ],
  }
}

/**
 * The sysctls that leave the kernel's check out, by name: those that are so already, and all once the kernel has the
 * chains. What an administrator makes strict meanwhile stays strict.
 */
export function sourceCheckSysctls(
  config: Config,
  uplinks: readonly Uplink[],
  observed: Observed,
): Readonly<Record<string, string>> {
  if (config.balance.sourceCheck !== 'own') return {}
  const held = observed.state.sysctls
  const kept = madeStrict(config, uplinks, observed).filter((name) => name in held)
  const check = decideSourceCheck(config, uplinks, observed)
  const off = check.prerouting.length > 0 ? switchedOff(observed) : []
  const inForce = isInForce(check, observed)
  const wanted = off.filter(([name, value]) => inForce || (name in held && observed.sysctls[name] === value))
  return Object.fromEntries([...kept.map((name): [string, string] => [name, '1']), ...wanted])
}

function isInForce({ chains, prerouting }: SourceCheck, { ruleset }: Observed): boolean {
  const there = ruleset?.chains ?? []
  const first = there.find(({ name, hook }) => name === 'prerouting' && hook?.priority === hookPriorities.mark)
  return (
    isDeepStrictEqual(first?.rules.slice(0, prerouting.length), prerouting) &&
    chains.every((one) => there.some((other) => isDeepStrictEqual(one, other)))
  )
}

/** Names of `rp_filter` of what is no uplink, that are strict now: that is the administrator's word, whatever was there before. */
export function madeStrict(
  { balance }: Pick<Config, 'balance'>,
  uplinks: readonly Uplink[],
  { links, sysctls }: Observed,
): readonly string[] {
  if (balance.sourceCheck !== 'own') return []
  const names = ['all', ...links.filter((link) => !isUplink(link, uplinks)).map(({ name }) => name)]
  return names.map((name) => linkSysctls(name).rpFilter).filter((name) => sysctls[name] === '1')
}

export function sourceCheckWarnings(
  config: Config,
  uplinks: readonly Uplink[],
  observed: Observed,
): readonly Trouble[] {
  const why = config.balance.sourceCheck === 'own' && uplinks.length > 0 ? whyKernel(config, observed) : null
  return why === null
    ? []
    : [{ kind: 'source-check', reason: `source-check = own: the kernel goes on to check sources, as ${why}` }]
}

/** Why only the kernel can say what is spoofed; null where we can. */
function whyKernel({ layout }: Config, { routes, rules, hiddenRoutes, sysctls, ...observed }: Observed): string | null {
  const inet = routes.filter(({ family }) => family === 'inet')
  const refusing = inet.find(({ type, table }) => refuses.has(type) && !isOurTable(table, layout))
  const rule = rules.find(({ family, spec }) => family === 'inet' && /\b(blackhole|unreachable|prohibit)$/.test(spec))
  const wide = inet.find((route) => isLocal(route) && (route.table !== tables.local || route.destination.includes('/')))
  const isDefault = ({ type, destination, table }: Route) =>
    type === 'unicast' && destination === 'default' && [tables.main, balancedTable(layout)].includes(table)
  const world = { sysctls, ...observed }
  const accepting = namesOf(world).find((name) => wordOf(linkSysctls(name).acceptLocal, world) === '1')
  const byMark = namesOf(world).find((name) => sysctls[linkSysctls(name).sourceByMark] === '1')
  const isStrict = namesOf(world).some((name) => wordOf(linkSysctls(name).rpFilter, world) === '1')
  const bridge = observed.links.find(({ kind }) => kind === 'bridge')
  if (hiddenRoutes?.includes('inet')) return 'not all of its routes are looked at'
  if (refusing) return `a route refuses what comes from ${refusing.destination}`
  if (rule) return `a policy rule refuses routes (${rule.spec})`
  if (wide) return `table ${wide.table} has the local addresses ${wide.destination}`
  if (!inet.some(isDefault)) return 'there is no default route'
  if (accepting !== undefined) return `accept_local of ${accepting} is 1`
  if (byMark !== undefined && isStrict) return `src_valid_mark of ${byMark} is 1, and rp_filter strict`
  if (bridge && sysctls[bridgedFramesSysctl] === '1')
    return `frames that ${bridge.name} forwards pass nftables, too (bridge-nf-call-iptables)`
  return null
}

const refuses: ReadonlySet<string> = new Set(['blackhole', 'unreachable', 'prohibit'])

/** The index of `lo`, in each network namespace. */
const loopback = 1

function ownAddresses({ routes }: Observed): readonly Route[] {
  return routes.filter(isLocal)
}

/** Whether the route is for addresses of this host, or a broadcast address. Loopback's are dropped anyway. */
function isLocal({ family, type, destination }: Route): boolean {
  return family === 'inet' && type === 'other' && !destination.startsWith('127.')
}

/**
 * The match for devices whose check is strict; null for none. Where it is strict for all devices, it is so for those that are
 * yet to come. Uplinks are loose in any case, see sysctls.ts.
 */
function strictDevices(uplinks: readonly Uplink[], observed: Observed): string | null {
  const all = wordOf(linkSysctls('all').rpFilter, observed)
  const wordFor = ({ name }: Link) => wordOf(linkSysctls(name).rpFilter, observed)
  const some = covered(observed).filter((link) => !isUplink(link, uplinks))
  const numbers = (links: readonly { readonly index: number }[]) =>
    links.map(({ index }) => index).sort((a, b) => a - b)
  if (all === '1') {
    const loose = [
      ...observed.links.filter((link) => isUplink(link, uplinks)),
      ...some.filter((link) => wordFor(link) === '2'),
    ]
    return `!= ${oneOf([loopback, ...numbers(loose)])}`
  }
  const strict = all === '2' ? [] : some.filter((link) => wordFor(link) === '1')
  return strict.length > 0 ? oneOf(numbers(strict)) : null
}

function oneOf(numbers: readonly number[]): string {
  return numbers.length === 1 ? String(numbers[0]) : `{ ${numbers.join(', ')} }`
}

function switchedOff(observed: Observed): readonly (readonly [name: string, value: string])[] {
  const { rpFilter: all } = linkSysctls('all')
  return [
    ...(['1', '2'].includes(wordOf(all, observed) ?? '') ? [[all, '0'] as const] : []),
    ...covered(observed).flatMap(({ name }) => {
      const { rpFilter, acceptLocal } = linkSysctls(name)
      return [[rpFilter, '0'] as const, [acceptLocal, '1'] as const]
    }),
  ]
}

/** Devices that IPv4 packets come in by. */
function covered({ links }: Pick<Observed, 'links'>): readonly Link[] {
  return links.filter(
    ({ name, index, addresses }) =>
      index !== loopback && isInterfaceName(name) && addresses.some(({ family }) => family === 'inet'),
  )
}

function namesOf(observed: Pick<Observed, 'links'>): readonly string[] {
  return ['all', ...covered(observed).map(({ name }) => name)]
}

/** What the sysctl was before us. */
function wordOf(name: string, { sysctls, state }: Pick<Observed, 'sysctls' | 'state'>): string | undefined {
  const now = sysctls[name]
  return now === '1' && name.endsWith('/rp_filter') ? now : (state.sysctls[name] ?? now)
}

function isUplink({ name }: Link, uplinks: readonly Uplink[]): boolean {
  return uplinks.some((uplink) => uplink.interface === name && isUplinkIn('inet', uplink))
}
