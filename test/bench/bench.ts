/**
 * `npm run bench` measures everything and writes docs/benchmarks.md. `npm run bench -- CHAPTER...` measures these alone and
 * leaves the others as they are; `npm run bench -- none` only writes the page.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { buildDeb } from '../lab/deb.ts'
import type { Chapter, Section } from './chapter.ts'
import { companions } from './companions.ts'
import { control } from './control.ts'
import { dataPath } from './data-path.ts'
import { failover } from './failover.ts'
import { fullTable } from './full-table.ts'
import { history } from './history.ts'
import { idle } from './idle.ts'
import { pair } from './pair.ts'
import { starts } from './starts.ts'
import { throughput } from './throughput.ts'
import { tunnels } from './tunnels.ts'
import { weights } from './weights.ts'

const docs = `${import.meta.dirname}/../../docs`
const folder = `${docs}/benchmarks`
const wanted = process.argv.slice(2)
const progress = (line: string) => process.stdout.write(`${line}\n`)

/** Null where this chapter was never measured. */
async function sectionOf<Results>({ name, measure, section }: Chapter<Results>): Promise<Section | null> {
  const file = `${folder}/${name}.json`
  const kept = (): Results | null => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null)
  if (wanted.length === 0 || wanted.includes(name)) {
    progress(`${name}:`)
    writeFileSync(file, `${JSON.stringify(await measure(progress, kept()))}\n`)
  }
  const results = kept()
  return results && section(results)
}

mkdirSync(folder, { recursive: true })
if (!wanted.includes('none')) await buildDeb()
const sections = [
  await sectionOf(dataPath),
  await sectionOf(control),
  await sectionOf(starts),
  await sectionOf(failover),
  await sectionOf(throughput),
  await sectionOf(weights),
  await sectionOf(pair),
  await sectionOf(fullTable),
  await sectionOf(history),
  await sectionOf(idle),
  await sectionOf(companions),
  await sectionOf(tunnels),
].filter((section) => section !== null)
for (const [name, svg] of sections.flatMap(({ plots }) => [...plots])) writeFileSync(`${folder}/${name}`, svg)
const head = '# Benchmarks\n\nMade by `npm run bench`, which writes this page.\n'
writeFileSync(`${docs}/benchmarks.md`, [head, ...sections.map(({ markdown }) => markdown)].join('\n'))
