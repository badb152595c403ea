/**
 * Uplinks -> our nft table: what remembers a connection's uplink, and what gives it that uplink's address.
 *
 * - An established packet meets two rules at most, and the host's own UDP some more (asked.ts). Chains of nat type see a connection's first packet only.
 * - Packets whose mark is not 0 are left alone: WireGuard's own UDP, for one, would loop into its tunnel.
 * - `pin` is before other programs' source NAT, because nothing after the first NAT rule that takes the connection sees
 *   it; ours is behind theirs, see translation.ts.
 * - Interfaces stand as numbers: cheaper to compare than names, and a name never becomes part of a ruleset.
 */
import { hookPriorities, markOf, marks } from '../ids.ts'
import type { Chain, Config, Observed, Ruleset, Uplink } from '../model.ts'
import { hex } from '../rule-spec.ts'
import { marksOfSlices, sliceRules } from '../slices.ts'
import { decideAsked } from './asked.ts'
import type { Present } from './carriers.ts'
import { clampChains } from './clamp.ts'
import { decideNameServers } from './name-servers.ts'
import { decideOffload } from './offload.ts'
import { steers } from './steering/choice.ts'
import { decideSteering } from './steering/steering.ts'
import { decideTranslation } from './translation.ts'
import { verdicts } from './verdicts.ts'

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
  const moves = slices.length > 0 || steers(config)
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
      ...decideTranslation({ config, observed, present, uplinks, moves: moves || names.chains.length > 0 }),
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

function unremembered(numbers: Config['numbers']): string {
  const { pinned, incoming } = marks(numbers)
  return `ct mark & ${hex((pinned | incoming) >>> 0)} == 0`
}
