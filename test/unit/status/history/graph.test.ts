import { expect, test } from 'vitest'
import { graphQuery, withRows } from '../../../../src/status/history/graph.ts'
import { historyRowOf } from '../../builders.ts'

test('a time begins and ends with whole steps', () => {
  expect(graphQuery(['dsl'], 1007, 4607)).toEqual({ uplinks: ['dsl'], since: 960, until: 4620, step: 60 })
})

test('rows that are not on disk yet come after those that are, of the lines and the time asked for alone', () => {
  const query = graphQuery(['wan1'], 1200, 4800)
  const written = [{ uplink: 'wan1', family: 'inet', points: '[0,60,60,0,10,100,10]' }] as const
  const rows = [
    historyRowOf(1260, { meanMs: null }),
    historyRowOf(1140),
    historyRowOf(4800),
    historyRowOf(1260, { uplink: 'wan2' }),
    historyRowOf(1260, { family: 'inet6', online: 20 }),
  ]
  expect(withRows(written, rows, query)).toEqual([
    { uplink: 'wan1', family: 'inet', points: '[0,60,60,0,10,100,10],[1,60,60,0,null,100,10]' },
    { uplink: 'wan1', family: 'inet6', points: '[1,20,60,0,10,100,10]' },
  ])
})
