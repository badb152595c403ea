import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeUplink } from '../../../../src/daemon/api/uplink.ts'
import type { Health } from '../../../../src/model/health.ts'
import { eachFigure, lineFigures } from '../../../../src/model/line-figures.ts'
import { createDecoder, encode, types } from '../../../../src/os/dbus/wire.ts'
import type { UplinkStatus } from '../../../../src/status/status.ts'

const uplink: UplinkStatus = {
  ...{ name: 'lte', number: 1, interface: 'wwan0', state: 'online', since: 0, weight: 1, metric: 10 },
  ...{ inet: null, inet6: null },
}
const line = { state: 'online', degraded: false, since: 0, why: '', lastProbe: null } as const

test('all figures of a line are there that have a value, as they are when they are asked for', () => {
  let health: Health = {}
  const { properties } = describeUplink(uplink, () => health)
  const read = (name: string) => properties.get(name)?.read()
  expect([read('Line4'), read('Line6')]).toEqual([[], []])
  const names = Object.keys(lineFigures)
  const inet = { ...line, ...eachFigure((name) => names.indexOf(name) + 0.5) }
  const inet6 = { ...line, ...eachFigure((_, { otherwise }) => otherwise) }
  health = { lte: { inet, inet6 }, other: { inet6: inet } }
  expect(read('Line4')).toEqual(names.map((name, index) => [name, index + 0.5]))
  expect(read('Line6')).toEqual([['loss', 0]])
})

test('they go over the wire as a dictionary of numbers', () => {
  const inet = { ...line, latencyMs: 12.5, jitterMs: 0.5, loss: 0.25 }
  const { properties } = describeUplink(uplink, () => ({ lte: { inet } }))
  const seen: unknown[] = []
  const message = { type: types.call, path: '/', interface: 'a.b', member: 'C', serial: 1, signature: 'v' } as const
  const line4 = properties.get('Line4')
  createDecoder(({ body }) => void seen.push(...body()))(encode({ ...message, body: [[line4?.type, line4?.read()]] }))
  expect(seen).toEqual([{ latencyMs: 12.5, jitterMs: 0.5, loss: 0.25 }])
})

test('org.ifbalance1(5) has each property with its type, and each figure', () => {
  const man = readFileSync(new URL('../../../../docs/org.ifbalance1.5', import.meta.url), 'utf8')
  const items = [...man.matchAll(/^\.It Va (.*)$/gm)].map(([, item = '']) => item)
  // `.It Va Name No (s) , Va Number No (u)`; `.It Va Gateway4 , Gateway6 No (s)`.
  const told = items.flatMap((item) =>
    item.split(' , Va ').flatMap((part) => {
      const [, names = '', type = ''] = /^(.*) No \((.*)\)$/.exec(part) ?? []
      return names.split(' , ').map((name) => `${name} ${type}`)
    }),
  )
  const { properties } = describeUplink(uplink)
  expect(told).toEqual(expect.arrayContaining([...properties].map(([name, { type }]) => `${name} ${type}`)))
  for (const name of Object.keys(lineFigures)) expect(man).toContain(`\n.Sy ${name}\n`)
})
