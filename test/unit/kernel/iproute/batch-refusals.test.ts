/** Which lines of a batch ip(8) has refused, by what it says (iproute2 6.1 and 6.15). */
import { expect, test } from 'vitest'
import { refusedLines } from '../../../../src/kernel/iproute/batch-refusals.ts'

test.each([
  ['nothing', '', 0, []],
  [
    'two',
    'Error: Nexthop has invalid gateway.\nCommand failed -:1\nRTNETLINK answers: File exists\nCommand failed -:3\n',
    1,
    [[1, 'Nexthop has invalid gateway.'] as const, [3, 'File exists'] as const],
  ],
  [
    'the last, which ends the program',
    'Cannot find device "nope"\nCommand failed -:1\nCannot find device "nope"\nError: cannot parse nexthop\n',
    255,
    [[1, 'Cannot find device "nope"'] as const, [3, 'Cannot find device "nope"; cannot parse nexthop'] as const],
  ],
])('%s', (_, stderr, exitCode, refused) => {
  const found = refusedLines([1, 2, 3], stderr, exitCode)
  expect(found.map(({ item, why }) => [item, why])).toEqual(refused)
})
