/** What the daemon has found out of what lines can carry, for whoever looks at the world: hooks keep its weights, too. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import {
  type CapacityFigures,
  type DirectionFigures,
  type InForce,
  mostRuleSpreads,
  type Spreading,
  spreads,
} from '../model/spreading.ts'
import { isUplinkName, isWeight } from '../net/valid.ts'
import { type Json, numberOf, objectOf, stringsOf } from '../values/checked.ts'
import { loadFile, saveFile } from './file.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

/** The file has no age: what was found out stays true when the daemon is gone. */
export const spreadingFile: Format<Spreading | null> = {
  path: join(paths.run, 'weights.json'),
  none: null,
  parse: parseSpreading,
  format: (spreading) => (spreading === null ? '' : jsonText(spreading)),
}

/** Never throws. */
export function saveSpreading(spreading: Spreading | null): void {
  saveFile(spreadingFile.path, spreadingFile.format(spreading))
}

/** Never throws. */
export function loadSpreading(): Spreading | null {
  return load(spreadingFile, 'weights begin anew', loadFile)
}

function parseSpreading(text: string): Spreading | null {
  const { spread: word, weights, takes, rules, lines } = jsonObject(text)
  const spread = spreads.find((known) => known === word)
  if (spread === undefined) return null
  const ofRules = Object.entries(objectOf(rules)).filter(([key]) => key.length <= longestKey)
  return {
    spread,
    ...parseInForce({ weights, takes }),
    ...(ofRules.length > 0 && {
      rules: Object.fromEntries(
        ofRules.slice(0, mostRuleSpreads).map(([key, value]) => [key, parseInForce(objectOf(value))]),
      ),
    }),
    lines: Object.fromEntries(
      Object.entries(objectOf(lines)).flatMap(([name, line]): [string, CapacityFigures][] => {
        const { down, up } = objectOf(line)
        const [one, other] = [parseDirection(objectOf(down)), parseDirection(objectOf(up))]
        return isUplinkName(name) && one && other ? [[name, { down: one, up: other }]] : []
      }),
    ),
  }
}

/** Of all names of uplinks that there may be, and some words. */
const longestKey = 3000

function parseInForce({ weights, takes }: Json): InForce {
  const isOne = (value: unknown): value is number => typeof value === 'number' && isWeight(value)
  return {
    weights: Object.fromEntries(
      Object.entries(objectOf(weights)).filter((entry): entry is [string, number] => isNamed(entry) && isOne(entry[1])),
    ),
    ...(Array.isArray(takes) && { takes: stringsOf(takes).filter(isUplinkName) }),
  }
}

function isNamed([name]: [string, unknown]): boolean {
  return isUplinkName(name)
}

function parseDirection(value: Json): DirectionFigures | null {
  const sure = (['unknown', 'at-least', 'known'] as const).find((known) => known === value['sure'])
  const [carries, capacity] = [numberOf(value['carries']), numberOf(value['capacity'])]
  return sure && isRate(carries) && isRate(capacity) ? { carries, capacity, sure } : null
}

function isRate(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
