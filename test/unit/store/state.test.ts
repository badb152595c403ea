import { expect, test } from 'vitest'
import { stateFile } from '../../../src/store/state.ts'

test('a number that comes twice is the first one’s: the other uplink gets another', () => {
  const uplinks = {
    wan1: { number: 1, interface: 'wan1' },
    wan2: { number: 1, interface: 'wan2' },
    wan3: { number: 3, interface: 'wan3' },
  }
  const { wan2: _, ...right } = uplinks
  expect(stateFile.parse(JSON.stringify({ uplinks, sysctls: {} })).uplinks).toEqual(right)
})

test('layouts are read by the name that earlier versions wrote, too', () => {
  const layouts = [{ markShift: 16, tableBase: 40000, ruleBase: 10000 }]
  for (const name of ['layouts', 'numbers'])
    expect(
      stateFile.parse(JSON.stringify({ uplinks: {}, sysctls: {}, [name]: [...layouts, { markShift: 'x' }] })),
    ).toEqual({
      ...{ uplinks: {}, sysctls: {}, layouts },
    })
})
