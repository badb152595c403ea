/**
 * Rules of which the first that matches wins -> layers of maps, of which the first that knows the packet wins. A rule stands
 * in the earliest layer behind all that it has to give way to, so rules that have nothing in common share one look-up,
 * however many they are. Pure.
 */
import { type Box, meet } from './overlap.ts'

export interface Classified {
  readonly box: Box
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
  for (const rule of rules) {
    const shape = [...rule.conditions, ...Object.keys(rule.box)].join(' . ')
    const behind = layers.findLastIndex((layer) => layer.rules.some((one) => hasToWait(rule, one)))
    const fits = layers.find(
      (layer, index) => index > behind && layer.shape === shape && !layer.rules.some((one) => meet(one.box, rule.box)),
    )
    if (fits) fits.rules.push(rule)
    else layers.push({ conditions: rule.conditions, shape, rules: [rule] })
  }
  return layers
}

/** Where both lead to the same, their order does not matter. */
function hasToWait(rule: Classified, earlier: Classified): boolean {
  return rule.chain !== earlier.chain && meet(earlier.box, rule.box)
}
