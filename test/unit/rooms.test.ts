import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../src')

/** By folder, the folders that its files import from. */
function usesOfFolders(): ReadonlyMap<string, ReadonlySet<string>> {
  const uses = new Map<string, Set<string>>()
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue
    const folder = dirname(file)
    for (const [, path = ''] of readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
      const used = dirname(normalize(join(folder, path)))
      if (used !== folder) uses.set(folder, (uses.get(folder) ?? new Set()).add(used))
    }
  }
  return uses
}

/** Folders that come back to themselves; src/ itself only has main.ts, on top of all, and layout.ts, below all. */
function circles(uses: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    [...(uses.get(from) ?? [])].some(
      (next) =>
        next === to || (next !== '.' && !seen.has(next) && seen.add(next) !== undefined && reaches(next, to, seen)),
    )
  return [...uses.keys()].filter((folder) => folder !== '.' && reaches(folder, folder))
}

test('no folder of src/ uses one that uses it', () => {
  const uses = usesOfFolders()
  expect(uses.size).toBeGreaterThan(20)
  expect(circles(uses)).toEqual([])
  expect(
    circles(
      new Map([
        ['a', new Set(['b'])],
        ['b', new Set(['c'])],
        ['c', new Set(['a'])],
      ]),
    ),
  ).toEqual(['a', 'b', 'c'])
})

test('nothing is loose in src/ but the way in, and the layout of our numbers and paths', () => {
  expect(readdirSync(root).filter((name) => name.includes('.'))).toEqual(['layout.ts', 'main.ts'])
})

test('documents name files that are there', () => {
  const project = join(root, '..')
  const inDocs = readdirSync(join(project, 'docs')).map((name) => `docs/${name}`)
  const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...inDocs].filter((path) => path.endsWith('.md'))
  const named = documents.flatMap((document) =>
    Array.from(
      readFileSync(join(project, document), 'utf8').matchAll(/`((?:src|test|hooks|units|docs)\/[\w./-]+)`/g),
      ([, path = '']) => ({ document, path }),
    ),
  )
  // NAME stands for one that is to be.
  const missing = named.filter(({ path }) => !path.includes('NAME') && !existsSync(join(project, path)))
  expect(missing).toEqual([])
})
