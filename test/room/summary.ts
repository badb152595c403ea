/**
 * The end of `npm test`: the ten dearest files and tests, which tests needed a second try, what failed and why, and
 * `N passed, N failed`. Arguments are the names of the runs whose results are to be there. Exits with 1 where something failed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { folder, type Result, type Results } from './results.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)
const seconds = (ms: number) => `${(ms / 1000).toFixed(1).padStart(7)} s`
const nameOf = ({ file, title }: Result) => `${file} > ${title}`

function read(run: string): Results {
  try {
    return JSON.parse(readFileSync(`${folder}/${run}.json`, 'utf8'))
  } catch {
    return { results: [], files: [], errors: [`the tests "${run}" came to no end, see above`] }
  }
}

const runs = process.argv.slice(2).map(read)
const results = runs.flatMap((run) => run.results)
const files = runs.flatMap((run) => run.files)
const dearest = <T extends { readonly ms: number }>(all: readonly T[]) =>
  all.toSorted((a, b) => b.ms - a.ms).slice(0, 10)

say('\nThe ten dearest files:')
for (const { file, ms } of dearest(files)) say(`${seconds(ms)}  ${file}`)
say('The ten dearest tests:')
for (const result of dearest(results)) say(`${seconds(result.ms)}  ${nameOf(result)}`)

const failed = results.filter(({ state }) => state === 'failed')
const broken = [
  ...runs.flatMap(({ errors }) => errors),
  ...files.flatMap(({ file, errors }) => errors.map((error) => `${file}: ${error}`)),
]
for (const result of failed) say(`\nFAILED ${nameOf(result)}\n${result.why}`)
for (const error of broken) say(`\nFAILED outside of tests: ${error}`)
// Once more, cut: the whys are long, and who keeps only the end of this is to know at least which, and what came first.
const inShort = (why: string) => why.replace(/\s+/g, ' ').slice(0, 500)
if (failed.length > 0) say('\nIn short:')
for (const result of failed) say(`FAILED ${nameOf(result)}: ${inShort(result.why)}`)

const again = results.filter(({ state, tries }) => state === 'passed' && tries > 1).map(nameOf)
writeFileSync(`${folder}/second-tries.json`, JSON.stringify(again))
for (const name of again) say(`SECOND TRY ${name}`)
const skipped = results.filter(({ state }) => state === 'skipped')
for (const result of skipped) say(`SKIPPED ${nameOf(result)}`)
say(`${again.length} second tries, ${skipped.length} skipped`)
const passed = results.filter(({ state }) => state === 'passed').length
say(`${passed} passed, ${failed.length + broken.length} failed`)
process.exitCode = failed.length + broken.length > 0 ? 1 : 0
