/** Which number each uplink had, for after a boot: connections' marks may outlive it on another host (conntrackd). */
import { join } from 'node:path'
import { maxUplinks, paths } from '../layout.ts'
import { isUplinkName } from '../net/valid.ts'
import { loadFile, saveFile } from './file.ts'
import { type Format, jsonObject, jsonText, load } from './stored.ts'

/** Numbers by the uplink's name, each once. */
export type Numbers = Readonly<Record<string, number>>

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
  const entries = Object.entries(jsonObject(text)).filter((entry): entry is [string, number] => {
    const [name, number] = entry
    const isOne = Number.isInteger(number) && Number(number) >= 1 && Number(number) <= maxUplinks
    if (!isOne || !isUplinkName(name) || taken.has(number)) return false
    taken.add(number)
    return true
  })
  return Object.fromEntries(entries)
}
