/** In empty /run and /var/lib: writes each file of ours, reads it back, and has its reader look at garbage in its place. */
import { deepStrictEqual, ok } from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { paths } from '../../src/layout.ts'
import { loadBusFacts, saveBusFacts } from '../../src/store/bus-facts.ts'
import { loadHealth, saveHealth } from '../../src/store/health.ts'
import { loadLastGood, saveLastGood } from '../../src/store/last-good.ts'
import { loadLines, saveLines } from '../../src/store/lines.ts'
import { loadMtuSearches, saveMtuSearches } from '../../src/store/mtu-searches.ts'
import { loadNotifyState, saveNotifyState } from '../../src/store/notify.ts'
import { loadNumbers, saveNumbers } from '../../src/store/numbers.ts'
import { loadPathMtus, savePathMtus } from '../../src/store/path-mtus.ts'
import type { PerInterface } from '../../src/store/per-interface.ts'
import { loadBooks, saveBooks } from '../../src/store/quota.ts'
import { loadRefused, saveRefused } from '../../src/store/refused.ts'
import { storedFiles, storedFolders } from '../../src/store/registry.ts'
import { loadSpreading, saveSpreading } from '../../src/store/spreading.ts'
import { loadState, saveState } from '../../src/store/state.ts'
import { loadStateTimes, saveStateTimes } from '../../src/store/state-times.ts'
import { loadSwitched, saveSwitch, switchFolders } from '../../src/store/switches.ts'
import { loadTableNames, saveTableNames } from '../../src/store/table-names.ts'
import { run } from '../lab/run.ts'
import { fileValues, folderValues, garbageOf, interfaceName } from '../stored-values.ts'
import { scenario } from './namespace.ts'

interface Doors {
  readonly load: () => unknown
  readonly save: (value: never) => void
}

const doors: Readonly<Record<keyof typeof storedFiles, Doors>> = {
  state: { load: loadState, save: saveState },
  health: { load: loadHealth, save: saveHealth },
  stateTimes: { load: loadStateTimes, save: saveStateTimes },
  refused: { load: loadRefused, save: saveRefused },
  bus: { load: loadBusFacts, save: saveBusFacts },
  quota: { load: loadBooks, save: saveBooks },
  lines: { load: loadLines, save: saveLines },
  numbers: { load: loadNumbers, save: saveNumbers },
  spreading: { load: loadSpreading, save: saveSpreading },
  pathMtus: { load: loadPathMtus, save: savePathMtus },
  mtuSearches: { load: loadMtuSearches, save: saveMtuSearches },
  notify: { load: loadNotifyState, save: saveNotifyState },
  lastGood: { load: () => loadLastGood()?.source, save: saveLastGood },
}
const few = { numRuns: 30 }

const play = await scenario(import.meta, async () => {
  await run('/usr/bin/mount', ['-t', 'tmpfs', 't', '/var/lib'])
  mkdirSync(paths.run)
  mkdirSync(paths.lib)

  for (const [name, { path, format }] of Object.entries(storedFiles)) {
    const { load, save } = doors[name as keyof typeof storedFiles]
    const values: fc.Arbitrary<unknown> = fileValues[name as keyof typeof storedFiles]
    const readsBack = (value: unknown) => {
      save(value as never)
      deepStrictEqual(load(), structuredClone(value))
    }
    fc.assert(fc.property(values, readsBack), few)
    fc.assert(
      fc.property(garbageOf(format as never, values), (text) => holds(path, text, load)),
      few,
    )
    holdsAtLength(path, load)
    fc.assert(fc.property(values, readsBack), { numRuns: 1 })
  }

  for (const [name, folder] of Object.entries(storedFolders as Readonly<Record<string, PerInterface<unknown>>>)) {
    const values: fc.Arbitrary<unknown> = folderValues[name as keyof typeof storedFolders]
    const readsBack = (device: string, value: unknown) => {
      const plain = structuredClone(value)
      folder.save(device, value)
      deepStrictEqual([folder.load(device), folder.loadAll()[device]], [plain, plain])
      folder.save(device, null)
      deepStrictEqual([folder.load(device), folder.has(device)], [null, false])
    }
    fc.assert(fc.property(interfaceName, values, readsBack), few)
    const garbage = garbageOf(folder.format as never, values)
    fc.assert(
      fc.property(garbage, (text) => holds(`${folder.folder}/wan1.json`, text, folder.loadAll)),
      few,
    )
    holdsAtLength(`${folder.folder}/wan1.json`, folder.loadAll)
  }

  for (const uplink of ['wan1', 'constructor']) {
    for (const [verb, which] of [
      ['disable', 'disabled'],
      ['drain', 'drained'],
    ] as const) {
      saveSwitch(verb, uplink)
      deepStrictEqual(loadSwitched(which), [uplink])
      for (const strange of ['.hidden', 'main', 'a b', '7']) writeFileSync(`${switchFolders[which]}/${strange}`, 'x')
      deepStrictEqual(loadSwitched(which), [uplink])
    }
    deepStrictEqual([loadSwitched('disabled'), loadSwitched('drained')], [[uplink], [uplink]])
    saveSwitch('enable', uplink)
    deepStrictEqual([loadSwitched('disabled'), loadSwitched('drained')], [[], []])
  }
  saveTableNames('# x\n30001\twan1\n')
  deepStrictEqual(loadTableNames(), '# x\n30001\twan1\n')
  return 'all read back'
})

/** Files of any length are read up to a bound, and may be nested in any way. */
function holdsAtLength(path: string, load: () => unknown): void {
  for (const text of ['{}'.padEnd(2 ** 20 + 1), '['.repeat(50_000), '{"source":'.repeat(5000)]) holds(path, text, load)
}

/** No reader throws, and none gives more than there is. */
function holds(path: string, text: string, load: () => unknown): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  ok((JSON.stringify(load()) ?? '').length < 2 * text.length + 400)
}

test('each file in /run and /var/lib reads back as it was written, and garbage in its place is as good as none', async () => {
  expect(await play({})).toBe('all read back')
})
