/**
 * Folders of another program's files, with what becomes of them: ifbalance.conf, and what cannot be said. Written as
 * people write them; `vitest -u` writes the results anew.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse.ts'
import { agreed } from '../../../src/import/draft/agreed.ts'
import { importers } from '../../../src/import/importers.ts'

const root = join(import.meta.dirname, 'cases')
const results: readonly string[] = ['ifbalance.conf', 'not-said.txt']

/** Users that the host is taken to have. */
const outside = {
  userId: (name: string) => (name === 'proxy' ? 13 : null),
  readSet: () => {
    throw new Error('no file is meant')
  },
}

describe.each(readdirSync(root))('%s', (kind) => {
  const folders = readdirSync(join(root, kind))

  test('there are ten', () => expect(folders.length).toBe(10))

  test.each(folders)('%s', async (folder) => {
    const at = join(root, kind, folder)
    const names = readdirSync(at).filter((name) => !results.includes(name))
    const files = names.map((name) => ({ path: name, text: readFileSync(join(at, name), 'utf8') }))
    const importer = importers[kind]
    if (importer === undefined) throw new Error(`${kind} is no importer`)
    const { text, remarks } = agreed(importer(files), outside)
    const loaded = parseConfig([{ path: 'ifbalance.conf', text }], outside)
    expect(loaded).toMatchObject({ ok: true, warnings: [] })
    const said = remarks.map(({ place, text: why }) => `${place.path}:${place.line}: ${why}\n`).join('')
    await expect(text).toMatchFileSnapshot(join(at, 'ifbalance.conf'))
    await expect(said).toMatchFileSnapshot(join(at, 'not-said.txt'))
  })
})
