import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse.ts'

const folder = new URL('../../../docs/examples/pair/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.startsWith('ifbalance'))

test.each(names)('%s is read without an error or a warning, and fixes each number', (name) => {
  const loaded = parseConfig([{ path: name, text: readFileSync(new URL(name, folder), 'utf8') }])
  expect(loaded).toMatchObject({ ok: true, warnings: [], config: { uplinks: [{ number: 1 }, { number: 2 }] } })
})
