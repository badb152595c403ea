import { expect, test } from 'vitest'
import { mergeStanzas } from '../../../src/sources/stanza.ts'

test('the options of an inet and an inet6 stanza hold together', () => {
  const inet = { weight: 4, gateway: { inet: '10.2.0.1' } }
  const inet6 = { metric: 7, gateway: { inet6: 'fe80::1' } }
  const both = { weight: 4, metric: 7, gateway: { inet: '10.2.0.1', inet6: 'fe80::1' } }
  expect(mergeStanzas(inet, inet6)).toEqual(both)
  expect(mergeStanzas(inet6, inet)).toEqual(both)
})

test('the later stanza wins where both speak', () => {
  expect(mergeStanzas({ weight: 4 }, { weight: 5 })).toEqual({ weight: 5 })
})

test('name servers of both stanzas count, each once', () => {
  const inet = { nameServers: ['192.0.2.53'] }
  const both = { nameServers: ['192.0.2.53', '2001:db8::53'] }
  expect(mergeStanzas(inet, { nameServers: ['2001:db8::53'] })).toEqual(both)
  expect(mergeStanzas(both, inet)).toEqual(both)
})
