/**
 * Rules of which the first that matches wins -> layers of maps, of which the first that knows the packet wins. A rule
 * stands in the earliest layer behind all that it has to give way to, so rules that have nothing in common share one
 * look-up, however many they are. Pure.
 */
import { earlierOverlaps } from '../../../config/match/earlier-overlaps.ts'
import type { KeyRanges } from '../../../config/match/overlap.ts'

export interface Classified {
  readonly box: KeyRanges
  /** Matches that come before the look-up. Rules share a map only where these are the same. */
  readonly conditions: readonly string[]
  /** The chain that says what becomes of its packets. */
  readonly chain: string
  /** The rule's name; empty where it is none of the administrator's. */
  readonly rule: string
}

export interface Layer {
  readonly conditions: readonly string[]
  /** Rules with the same fields, of which no two overlap. */
  readonly rules: readonly Classified[]
}

/** The layers in the order in which they have to be asked. */
export function layersOf(rules: readonly Classified[]): readonly Layer[] {
  const layers: { conditions: readonly string[]; shape: string; rules: Classified[] }[] = []
  /** By rule, the number of its layer. */
  const placed: number[] = []
  const overlapping = earlierOverlaps(rules.map(({ box }) => box))
  for (const [index, rule] of rules.entries()) {
    const shape = [...rule.conditions, ...Object.keys(rule.box)].join(' . ')
    const earlier = overlapping[index] ?? []
    // Rules that do the same need no order; one of them counts what all match.
    const waitsFor = earlier.filter((other) => rules[other]?.chain !== rule.chain)
    const behind = waitsFor.reduce((last, other) => Math.max(last, placed[other] ?? 0), -1)
    const taken = new Set(earlier.map((other) => placed[other]))
    const fits = layers.findIndex((layer, at) => at > behind && layer.shape === shape && !taken.has(at))
    placed.push(fits === -1 ? layers.length : fits)
    if (fits === -1) layers.push({ conditions: rule.conditions, shape, rules: [rule] })
    else layers[fits]?.rules.push(rule)
  }
  return layers
}
