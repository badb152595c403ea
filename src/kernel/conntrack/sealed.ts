/** Does the step `forget-sealed`: deletes the connections that we have translated, and that IPsec was to seal as they were. */
import type { SealPolicy } from '../../model/ipsec.ts'
import type { Step } from '../../model/step.ts'
import { digitsOf, isInRanges, rangesIn } from '../../net/address-range.ts'
import type { Family } from '../../net/family.ts'
import { hex } from '../../values/hex.ts'
import { deleteLine, eachEntry, type Translated, translatedOf } from './entry.ts'
import { deleteAll } from './untranslated.ts'

type ForgetSealed = Extract<Step, { kind: 'forget-sealed' }>

/** How many entries are deleted at once. */
const most = 50_000

/** Deletes the entries of both families. Throws where conntrack(8) fails. */
export async function forgetSealed(step: ForgetSealed): Promise<void> {
  for (const family of ['inet', 'inet6'] as const) {
    if (!step.policies.some((policy) => policy.family === family && policy.seals)) continue
    const isForIpsec = sealedIn(family, step)
    const found: string[] = []
    const left = ['--mark', `${hex(step.left)}/${hex(step.mask)}`]
    await eachEntry(family, ['--output', 'extended', ...left], (line) => {
      const entry = found.length < most ? translatedOf(line) : null
      if (entry && isForIpsec(entry)) found.push(deleteLine(family, entry))
    })
    if (found.length > 0) await deleteAll(found.join(''))
  }
}

/** Whether an entry of this family is ours, and the policy that its own addresses are met by first seals it. */
export function sealedIn(family: Family, step: ForgetSealed): (entry: Omit<Translated, 'words' | 'to'>) => boolean {
  const policies = step.policies
    .filter((policy) => policy.family === family)
    .toSorted((one, other) => one.priority - other.priority)
    .map((policy) => ({ policy, meets: meetsIn(family, policy) }))
  const uplinks = new Map(
    step.uplinks.map(({ number, device, others }) => [number, { device, isOthers: isOthersIn(family, others) }]),
  )
  return (entry) => {
    const uplink = (entry.mark & step.mask) >>> 0 === step.left && uplinks.get((entry.mark & step.numberMask) >>> 0)
    if (!uplink || uplink.isOthers(digitsOf(entry.source))) return false
    const [first, ...rest] = policies.filter(({ meets }) => meets(entry, uplink.device))
    if (!first) return false
    // Of several with one priority, the kernel takes the first that was made, which no listing tells.
    return [first, ...rest].some(({ policy }) => policy.priority === first.policy.priority && policy.seals)
  }
}

function meetsIn(family: Family, policy: SealPolicy) {
  const [from, to] = [rangesIn(family, [policy.source]), rangesIn(family, [policy.destination])]
  const is = (wanted: number | string | undefined, value: number | string | null) =>
    wanted === undefined || wanted === value
  return (entry: Omit<Translated, 'words' | 'to'>, device: string) =>
    is(policy.protocol, entry.protocol) &&
    is(policy.sourcePort, entry.sourcePort) &&
    is(policy.destinationPort, entry.peerPort) &&
    is(policy.device, device) &&
    isInRanges(from, digitsOf(entry.source)) &&
    isInRanges(to, digitsOf(entry.peer))
}

function isOthersIn(family: Family, others: ForgetSealed['uplinks'][number]['others']) {
  const some = others.filter((one) => one.family === undefined || one.family === family)
  const all = some.some(({ sources }) => sources === undefined)
  const ranges = rangesIn(
    family,
    some.flatMap(({ sources = [] }) => sources),
  )
  return (digits: string) => all || isInRanges(ranges, digits)
}
