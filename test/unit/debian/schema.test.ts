/** Schemas and the page that is made of them; what is really printed is checked against them where tests have it printed. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { type DocumentName, documents, schemaOf } from '../../../debian/schema/documents.ts'
import type { Event } from '../../../src/model/event.ts'
import { checked } from '../../json.ts'

const names = Object.keys(documents) as readonly DocumentName[]

const empty = { format: 1, mode: 'flow', daemon: true, heldDown: false, uplinks: [], pending: 0, warnings: [] } as const

test('the package has a file of each, and a page that names them all', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ifbalance-schema-'))
  try {
    execFileSync(process.execPath, [join(import.meta.dirname, '../../../debian/schema.ts'), folder])
    const files = names.map((name) => `${name}.schema.json`)
    expect(readdirSync(folder).sort()).toEqual([...files, 'ifbalance-json.5'].sort())
    const page = readFileSync(join(folder, 'ifbalance-json.5'), 'utf8')
    for (const file of files) expect(page).toContain(`.Pq Pa ${file}\n`)
    for (const name of ['uplinks[].inet.health?.latencyMs', 'outages[].unseenEnd?', 'causes[].kind', 'uplink.State'])
      expect(page).toContain(`.It Va ${name}\n`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each(names)('%s: what is shipped takes members of a later version, but no other types', (name) => {
  const ajv = new Ajv2020({ strict: true, strictTypes: false })
  const validate = ajv.compile(schemaOf(name))
  expect(validate({ format: 2 })).toBe(false)
  if (name !== 'status') return
  expect(validate({ ...empty, later: 1 })).toBe(true)
  expect(validate({ ...empty, pending: 'none' })).toBe(false)
})

test('a member that no schema names is found, wherever it is', () => {
  const uplink = { name: 'a', number: 1, interface: 'a', state: 'down', weight: 1, metric: 1, inet: null, inet6: null }
  expect(() => checked('status', { ...empty, uplinks: [uplink] })).not.toThrow()
  expect(() => checked('status', { ...empty, later: 1 })).toThrow('later')
  expect(() => checked('status', { ...empty, uplinks: [{ ...uplink, later: 1 }] })).toThrow('/uplinks/0')
  expect(() => checked('status', { ...empty, uplinks: [{ ...uplink, state: 'odd' }] })).toThrow('/uplinks/0/state')
  expect(() => checked('status', { ...empty, mode: undefined })).toThrow('mode')
})

test('an event of the log has its own members, and no other', () => {
  const line = (event: Event) => ({ format: 1, priority: 5, message: 'x', ...event })
  const { failback } = { failback: { event: 'failback', uplink: 'a' } } as const
  expect(checked('log', line(failback))).toMatchObject(failback)
  expect(() => checked('log', { ...line(failback), drained: true })).toThrow('drained')
  expect(() => checked('log', { ...line(failback), event: 'odd' })).toThrow('event')
})
