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
