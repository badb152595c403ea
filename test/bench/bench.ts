/** `npm run bench`: measures, and writes docs/benchmarks.md with its plots. Takes a quarter of an hour. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { bootEmulated } from '../emulated/machine.ts'
import { buildDeb } from '../lab/deb.ts'
import { disposer } from '../lab/disposer.ts'
import { measureDataPath } from './data-path.ts'
import { pageOf } from './page.ts'
import { rulesetNames } from './rulesets.ts'

const root = `${import.meta.dirname}/../..`
const progress = (line: string) => process.stdout.write(`${line}\n`)

await buildDeb()
const undo = disposer()
try {
  const machine = await bootEmulated(undo, { progress })
  const kernel = (await machine.run('uname -r', 10_000)).trim()
  const plans = [2, 4, 16, 63].flatMap((uplinks) =>
    rulesetNames.map((ruleset) => ({ ruleset, uplinks, rounds: 3, config: '' })),
  )
  const results = await measureDataPath(machine, plans, progress)
  mkdirSync(`${root}/dist`, { recursive: true })
  writeFileSync(`${root}/dist/benchmarks.json`, `${JSON.stringify({ kernel, results }, null, 1)}\n`)
  for (const [name, content] of pageOf(results, kernel)) writeFileSync(`${root}/docs/${name}`, content)
} finally {
  await undo.dispose()
}
