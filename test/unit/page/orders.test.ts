import { expect, test } from 'vitest'
import { callFor, questionAbout, refusalText, verbsFor } from '../../../src/page/orders.ts'
import { uplinkView } from '../../../src/page/uplinks.ts'

const view = (Name: string, Share: number, more = {}) =>
  uplinkView({ Name, Share, State: 'online', Drained: '', ...more }, null, 0)

test('what can be ordered follows from the state; a weight of nothing is not for commands to change', () => {
  expect(verbsFor(view('dsl', 1))).toEqual(['drain', 'disable'])
  expect(verbsFor(view('dsl', 0, { State: 'disabled' }))).toEqual(['enable'])
  expect(verbsFor(view('dsl', 0, { Drained: 'command' }))).toEqual(['enable', 'disable'])
  expect(verbsFor(view('dsl', 0, { Drained: 'weight' }))).toEqual(['disable'])
})

test('what is lost is asked about, with what takes its place', () => {
  const [dsl, lte, sat] = [view('dsl', 0.6), view('lte', 0.4), view('sat', 0)]
  expect(questionAbout('enable', dsl, [dsl])).toBe(null)
  expect(questionAbout('disable', dsl, [dsl, lte, sat])).toMatchObject({
    ...{ title: 'Disable dsl?', isDangerous: true, words: expect.stringContaining('New ones go by lte.') },
  })
  expect(questionAbout('drain', sat, [dsl, lte, sat])).toMatchObject({
    ...{ isDangerous: false, words: expect.stringContaining('New ones go by dsl and lte.') },
  })
  expect(questionAbout('drain', dsl, [dsl, sat])).toMatchObject({
    ...{ isDangerous: true, words: expect.stringContaining('may lose the internet') },
  })
  const many = ['a', 'b', 'c', 'd', 'e'].map((name) => view(name, 0.1))
  expect(questionAbout('disable', dsl, [dsl, ...many])?.words).toContain('New ones go by 5 others.')
})

test('orders are the methods that there are', () => {
  expect(callFor('enable', 'dsl')).toEqual(['SetEnabled', 'sb', ['dsl', true]])
  expect(callFor('disable', 'dsl')).toEqual(['SetEnabled', 'sb', ['dsl', false]])
  expect(callFor('drain', 'dsl')).toEqual(['SetDrained', 'sb', ['dsl', true]])
})

test('refusals say what is missing; other errors say what the daemon says', () => {
  const name = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'
  expect(refusalText({ name, message: 'polkit wants to ask' })).toContain('administrative access')
  expect(refusalText({ problem: 'access-denied' })).toContain('administrative access')
  expect(
    refusalText({ name: 'org.freedesktop.DBus.Error.Failed', message: 'dsl is disabled by the configuration' }),
  ).toBe('dsl is disabled by the configuration')
  expect(refusalText(null)).toBe('The daemon did not answer.')
})
