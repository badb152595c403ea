import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { paths } from '../../../src/layout.ts'
import { everyFile, storedFiles, storedFolders } from '../../../src/store/registry.ts'
import type { Format } from '../../../src/store/stored.ts'
import { fileValues, folderValues, garbageOf } from '../../stored-values.ts'

interface Case {
  readonly name: string
  readonly format: Pick<Format<unknown>, 'parse' | 'format'>
  readonly values: fc.Arbitrary<unknown>
}

const formats = { ...storedFiles, ...storedFolders } as Readonly<Record<string, unknown>>
const cases = Object.entries({ ...fileValues, ...folderValues }).map(
  ([name, values]): Case => ({ name, format: formats[name] as Case['format'], values }),
)

test.for(cases)('what is written reads back equal: $name', ({ format, values }) => {
  fc.assert(
    fc.property(values, (value) => {
      expect(format.parse(format.format(value))).toEqual(value)
    }),
  )
})

test.for(cases)(
  'of garbage comes nothing larger than that, and what comes is written and reads back equal: $name',
  ({ format, values }) => {
    fc.assert(
      fc.property(garbageOf(format.format as never, values), (text) => {
        let value: unknown
        try {
          value = format.parse(text)
        } catch {
          return
        }
        const written = format.format(value)
        expect(written.length).toBeLessThan(2 * text.length + 400)
        if (written !== '') expect(format.parse(written)).toEqual(value)
      }),
    )
  },
)

test('ifbalance(8) names every file', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/ifbalance.8'), 'utf8')
  const [, files = ''] = /^\.Sh FILES$(.*?)^\.Sh /ms.exec(page) ?? []
  const named = [...files.matchAll(/^\.It Pa (.*)$/gm)].flatMap(([, names = '']) => names.split(' , '))
  const ours = named.filter((name) => !name.startsWith('/etc/'))
  expect(ours.toSorted()).toEqual(everyFile.toSorted())
})

test('the registry has every file that a module of the store names', () => {
  const store = join(import.meta.dirname, '../../../src/store')
  const texts = readdirSync(store).map((file) => readFileSync(join(store, file), 'utf8'))
  const named = texts.flatMap((text) =>
    [...text.matchAll(/join\(paths\.(run|lib), '([^']+)'\)/g)].map(([, root, name = '']) =>
      join(root === 'run' ? paths.run : paths.lib, name),
    ),
  )
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((path) => !everyFile.some((file) => file === path || file.startsWith(`${path}/`)))).toEqual([])
})
