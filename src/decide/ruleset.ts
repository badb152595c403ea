/**
 * Uplinks -> our nft table: what remembers a connection's uplink, and what gives it that uplink's address.
 *
 * - An established packet meets two rules at most, and the host's own UDP some more (asked.ts). Chains of nat type see a connection's first packet only.
 * - Packets whose mark is not 0 are left alone: WireGuard's own UDP, for one, would loop into its tunnel.
 * - `pin` is before other programs' source NAT, because nothing after the first NAT rule that takes the connection sees
 *   it; `masquerade` is behind theirs, so that an administrator's own SNAT wins.
 * - A host's own address of that uplink is not masqueraded: it would become the interface's first one.
 * - Interfaces stand as numbers: cheaper to compare than names, and a name never becomes part of a ruleset.
 */
import { hookPriorities, markOf, marks } from '../ids.ts'
import type { Chain, Config, Observed, Ruleset, Uplink } from '../model.ts'
import { hex } from '../rule-spec.ts'
import { marksOfSlices, sliceRules } from '../slices.ts'
import { decideAsked } from './asked.ts'
import { isUplinkIn, type Present } from './carriers.ts'
import { clampChains } from './clamp.ts'
import { decideNameServers } from './name-servers.ts'
import { decideOffload } from './offload.ts'
import { changeRest, translateSources } from './prefix-translation.ts'
import { steers } from './steering/choice.ts'
import { decideSteering } from './steering/steering.ts'

/**
 * Whether a table of our name is ours, also after others have changed it: it is empty, or has a chain that only we make.
 * Another program's is never replaced or deleted.
 */
export function isOurRuleset({ chains }: Ruleset): boolean {
  const isOurs = ({ name, hook }: Chain) =>
    hook === null
      ? /^(to|in|nat)_\d+$/.test(name)
      : Object.values<number>(hookPriorities).includes(hook.priority) && ourHooks.includes(name)
  return chains.length === 0 || chains.some(isOurs)
}

const ourHooks: readonly string[] = ['prerouting', 'output', 'pin', 'postrouting']

export function decideRuleset(config: Config, uplinks: readonly Uplink[], observed: Observed): Ruleset | null {
  const present = uplinks.filter((uplink): uplink is Present => uplink.index !== null)
  const slices = sliceRules(marksOfSlices(uplinks, observed, config))
  // What was to take one uplink must not take another because there is none.
  if (present.length === 0) return slices.length > 0 ? { chains: [outputChain(slices)] } : null
  const always = config.balance.masquerade
  const moves = slices.length > 0 || steers(config)
  const nat = always || moves
  const names = decideNameServers(config, present, observed)
  const steering = decideSteering(config, present, observed)
  const offload = decideOffload(config, present, observed)
  const asked = decideAsked(present)
  const sets = [...asked.sets, ...steering.sets, ...offload.sets]
  const { prerouting, output } = markRules(present, config)
  return {
    ...(sets.length > 0 ? { sets } : {}),
    chains: [
      ...present.flatMap((uplink) => rememberChains(uplink, config)),
      ...(nat ? present.map((uplink) => masqueradeChain(uplink, present, uplinks)) : []),
      ...steering.chains,
      ...asked.chains,
      preroutingChain([...prerouting, ...steering.prerouting]),
      outputChain([
        ...slices,
        ...(moves || wasMoving(config, observed) ? [moved(config)] : []),
        ...names.marking,
        ...output,
        ...steering.output,
      ]),
      ...names.chains,
      ...clampChains(present, uplinks, observed),
      ...offload.chains,
      pinChain(present, config),
      ...(nat ? [postroutingChain(present, always ? '' : movedHere(config))] : []),
    ],
  }
}

function rememberChains({ number }: Present, { numbers }: Config): readonly Chain[] {
  const { others, pinned, incoming } = marks(numbers)
  // nft lists the mask of what is kept together with the bits that are set.
  const remember = (bits: number) => `ct mark set ct mark & ${hex((others | bits) >>> 0)} | ${hex(bits)}`
  const own = markOf(number, numbers)
  return [
    { name: `to_${number}`, hook: null, rules: [remember((own | pinned) >>> 0)] },
    { name: `in_${number}`, hook: null, rules: [remember((own | incoming) >>> 0)] },
  ]
}

/**
 * IPv6 clients of a LAN that has one provider's addresses need translation only where another provider could carry them,
 * and those with private addresses (RFC 4193) always.
 */
function masqueradeChain(uplink: Present, present: readonly Present[], uplinks: readonly Uplink[]): Chain {
  const { number, inet, inet6 } = uplink
  const several = present.filter((uplink) => uplink.inet6 !== null).length > 1
  return {
    name: `nat_${number}`,
    hook: null,
    rules: [
      ...(inet && inet.addresses.length > 0 ? [`ip saddr ${set(inet.addresses)} accept`] : []),
      ...(inet6 && inet6.addresses.length > 0 ? [`ip6 saddr ${set(inet6.addresses)} accept`] : []),
      ...translateSources(uplink, uplinks),
      ...(several ? [] : ['ip6 saddr != fc00::/7 accept']),
      ...new Set([changeRest(uplink), 'masquerade']),
    ],
  }
}

/** What keeps a connection where it is. */
function markRules(present: readonly Present[], { numbers }: Config) {
  const { pinned, incoming, packetMask } = marks(numbers)
  const whole = hex(packetMask)
  const answer =
    `ct direction reply ct mark & ${hex(incoming)} != 0 meta mark 0 ` +
    `meta mark set ct mark & ${whole} | ${hex(pinned)}`
  return {
    prerouting: [
      `ct direction original ct mark & ${hex(pinned)} != 0 meta mark 0 meta mark set ct mark & ${whole} accept`,
      ...verdicts(present, 'in').map((verdict) => `${unremembered(numbers)} ct state new ${verdict}`),
      answer,
    ],
    output: [answer],
  }
}

/**
 * This host's own connections that go by another uplink than the one that their address was chosen for: NAT remembers
 * which, also for what the kernel sends when the socket is gone.
 */
function moved({ numbers }: Config): string {
  const { pinned, packetMask } = marks(numbers)
  return (
    `ct direction original ct status snat ct mark & ${hex(pinned)} != 0 meta mark 0 ` +
    `meta mark set ct mark & ${hex(packetMask)}`
  )
}

/** Connections of rules and slices that are gone may live on. */
function wasMoving(config: Config, { ruleset }: Observed): boolean {
  return ruleset?.chains.some(({ name, rules }) => name === 'output' && rules.includes(moved(config))) ?? false
}

function preroutingChain(rules: readonly string[]): Chain {
  return { name: 'prerouting', hook: { type: 'filter', hook: 'prerouting', priority: hookPriorities.mark }, rules }
}

function outputChain(rules: readonly string[]): Chain {
  return { name: 'output', hook: { type: 'route', hook: 'output', priority: hookPriorities.mark }, rules }
}

function pinChain(present: readonly Present[], { numbers }: Config): Chain {
  return {
    name: 'pin',
    hook: { type: 'nat', hook: 'postrouting', priority: hookPriorities.pin },
    rules: verdicts(present, 'to').map((verdict) => `${unremembered(numbers)} ${verdict}`),
  }
}

function postroutingChain(present: readonly Present[], which: string): Chain {
  return {
    name: 'postrouting',
    hook: { type: 'nat', hook: 'postrouting', priority: hookPriorities.masquerade },
    rules: verdicts(present, 'nat').map((verdict) => `${which}${verdict}`),
  }
}

/** The first packet of such a connection. */
function movedHere({ numbers }: Config): string {
  const { pinned, incoming } = marks(numbers)
  return `meta mark & ${hex((pinned | incoming) >>> 0)} != 0 fib saddr type local `
}

function unremembered(numbers: Config['numbers']): string {
  const { pinned, incoming } = marks(numbers)
  return `ct mark & ${hex((pinned | incoming) >>> 0)} == 0`
}

/** By the family in which a device is an uplink; one line where that is the same for all. */
function verdicts(present: readonly Present[], chain: 'to' | 'in' | 'nat'): readonly string[] {
  const sorted = present.toSorted((a, b) => a.index - b.index)
  const [inet = [], inet6 = []] = (['inet', 'inet6'] as const).map((family) =>
    sorted
      .filter((uplink) => isUplinkIn(family, uplink))
      .map(({ index, number }) => `${index} : goto ${chain}_${number}`),
  )
  const ways = `${chain === 'in' ? 'iif' : 'oif'} vmap`
  const line = (family: string, verdict: readonly string[]) =>
    verdict.length > 0 ? [`${family}${ways} { ${verdict.join(', ')} }`] : []
  if (inet.join() === inet6.join()) return line('', inet)
  return [...line('meta nfproto ipv4 ', inet), ...line('meta nfproto ipv6 ', inet6)]
}

function set(addresses: readonly string[]): string {
  return `{ ${addresses.toSorted().join(', ')} }`
}
