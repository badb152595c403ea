/**
 * Rules of which the first that matches wins -> layers of maps, of which the first that knows the packet wins. A rule stands
 * in the earliest layer behind all that it has to give way to, so rules that have nothing in common share one look-up,
 * however many they are. Pure.
 */
import { earlierOverlaps } from '../../../config/match/earlier-overlaps.ts'
import type { KeyRanges } from '../../../config/match/overlap.ts'

export interface Classified {
  readonly box: KeyRanges
  /** Statements that come before the look-up; a rule with other ones cannot share its map. */
  readonly conditions: readonly string[]
  /** Where its packets go. */
  readonly chain: string
}

export interface Layer {
  readonly conditions: readonly string[]
  /** All with the same fields; no two of them overlap. */
  readonly rules: readonly Classified[]
}

export function layersOf(rules: readonly Classified[]): readonly Layer[] {
  const layers: { conditions: readonly string[]; shape: string; rules: Classified[] }[] = []
  /** By rule, the number of its layer. */
  const placed: number[] = []
  const overlapping = earlierOverlaps(rules.map(({ box }) => box))
  for (const [index, rule] of rules.entries()) {
    const shape = [...rule.conditions, ...Object.keys(rule.box)].join(' . ')
    const earlier = overlapping[index] ?? []
    // Where both lead to the same, their order does not matter.
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
