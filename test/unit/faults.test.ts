/** docs/faults.md and the titles that name its rows. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const project = join(import.meta.dirname, '../..')
const row = '[A-Z]\\d{1,2}'

/** Of a cell `[TITLE](../PATH)`: a title may have brackets, a path has none. */
const link = /\[((?:(?!\]\().)+)\]\(\.\.\/([^)\s]+)\)/g

interface Fault {
  readonly name: string
  readonly shown: string
  readonly links: readonly { readonly title: string; readonly path: string }[]
}

const faults = readFileSync(join(project, 'docs/faults.md'), 'utf8')
  .split('\n')
  .flatMap((line): readonly Fault[] => {
    const cells = line.split(' | ')
    const name = new RegExp(`^\\| (${row})$`).exec(cells[0] ?? '')?.[1]
    const shown = cells[3]?.replace(/ \|$/, '') ?? ''
    const links = Array.from(shown.matchAll(link), ([, title = '', path = '']) => ({ title, path }))
    return name === undefined ? [] : [{ name, shown, links }]
  })

/** `L5, L22: ...`, `B8 ...`, and the folder L17-...: all rows that it begins with. */
function rowsOf(title: string): readonly string[] {
  const [names] = new RegExp(`^${row}(, ${row})*(?=[: -])`).exec(title) ?? ['']
  return names === '' ? [] : names.split(', ')
}

/** What begins like a title with rows, in any file of tests, as it is written there. */
function titlesIn(text: string): readonly string[] {
  const quoted = new RegExp(`(?<=[\\s(\\[{,])(["'\`])(${row}(?:, ${row})*:? .*?)\\1(?=[\\s,:)\\]])`, 'g')
  return Array.from(text.matchAll(quoted), ([, , title = '']) => title)
}

const tests = readdirSync(join(project, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /^(unit|kernel|system|emulated)\/.*\.ts$/.test(path) && !path.endsWith('faults.test.ts'))
  .map((path) => `test/${path}`)
const titles = new Map([
  ...tests.map((path) => [path, titlesIn(readFileSync(join(project, path), 'utf8'))] as const),
  ...readdirSync(join(project, 'test/cases')).map((name) => [`test/cases/${name}`, [name]] as const),
])

test('no row comes twice', () => {
  const names = faults.map(({ name }) => name)
  expect(names.length).toBeGreaterThan(100)
  expect(names).toEqual([...new Set(names)])
})

test.each(faults)('$name leads to a test that names it, or says why there is none', ({ name, shown, links }) => {
  if (links.length === 0) expect(shown).toMatch(/^No test: .{20}/)
  for (const { title, path } of links) {
    expect(rowsOf(title), title).toContain(name)
    expect(statSync(join(project, path)).isDirectory() ? [path.split('/').at(-1)] : titles.get(path)).toContain(title)
  }
})

test('each title that names rows is shown at each of them', () => {
  const named = [...titles].flatMap(([path, all]) =>
    all.flatMap((title) => rowsOf(title).map((name) => `${name}: ${path}: ${title}`)),
  )
  const shown = faults.flatMap(({ name, links }) => links.map(({ title, path }) => `${name}: ${path}: ${title}`))
  expect(named.filter((one) => !shown.includes(one))).toEqual([])
  expect(named.length).toBeGreaterThan(100)
})
