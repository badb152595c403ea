/** What rules ask of each uplink. Pure. */
import type { Config } from '../model/config.ts'
import { type LineQuality, qualityText } from '../model/line-quality.ts'

/** The wishes of the rules that may choose this uplink, each of them once. */
export function askedOf(uplink: string, { rules }: Config): readonly LineQuality[] {
  const asking = rules.filter(({ use }) => use.uplinks === null || use.uplinks.some(({ name }) => name === uplink))
  const wishes = asking.flatMap(({ use }) => {
    const text = qualityText(use)
    return text === null ? [] : [[text, use] as const]
  })
  return [...new Map(wishes).values()]
}
