import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hooks } from '../../../src/sources/registry.ts'

test('each script in hooks/ is a hook of a source, and each hook of a source is a script there', () => {
  const scripts = readdirSync(join(import.meta.dirname, '../../../hooks')).filter((name) => name !== 'tell')
  expect(Object.keys(hooks).toSorted()).toEqual(scripts.toSorted())
})
