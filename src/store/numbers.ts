/** Which number each uplink had, for after a boot: connections' marks may outlive it on another host (conntrackd). */
import { join } from 'node:path'
import { maxUplinks, paths } from '../layout.ts'
import type { KeptNumber } from '../model/state.ts'
import { isUplinkName } from '../net/valid.ts'
import { objectOf } from '../values/checked.ts'
import { loadFile, saveFile } from './file.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

/** Numbers by the uplink's name, each once. */
export type Numbers = Readonly<Record<string, KeptNumber>>

export const numbersFile: Format<Numbers> = {
  path: join(paths.lib, 'numbers.json'),
  none: {},
  parse: parseNumbers,
  format: (numbers) => (Object.keys(numbers).length === 0 ? '' : jsonText(numbers)),
}

/** Never throws. */
export function loadNumbers(): Numbers {
  return load(numbersFile, 'numbers are given anew', loadFile)
}

/** Saves the numbers. Never throws: see file.ts. */
export function saveNumbers(numbers: Numbers): void {
  saveFile(numbersFile.path, numbersFile.format(numbers))
}

function parseNumbers(text: string): Numbers {
  const taken = new Set<unknown>()
  const entries = Object.entries(jsonObject(text)).flatMap(([name, value]): [string, KeptNumber][] => {
    // A number alone is what was written before it was known since when an uplink is away.
    const { number, goneSince } = typeof value === 'number' ? { number: value, goneSince: undefined } : objectOf(value)
    const isOne = typeof number === 'number' && Number.isInteger(number) && number >= 1 && number <= maxUplinks
    if (!isOne || !isUplinkName(name) || taken.has(number)) return []
    taken.add(number)
    return [[name, { number, ...(Number.isSafeInteger(goneSince) && { goneSince: Number(goneSince) }) }]]
  })
  return Object.fromEntries(entries)
}
