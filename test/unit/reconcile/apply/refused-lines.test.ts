/** Which lines of a batch ip(8) has refused, by what it says (iproute2 6.1 and 6.15). */
import { expect, test } from 'vitest'
import type { IpStep } from '../../../../src/kernel/iproute/batch.ts'
import { refusedOf } from '../../../../src/reconcile/apply/apply.ts'

const step = (priority: number): IpStep => ({
  kind: 'add-rule',
  rule: { family: 'inet', priority, protocol: 2, spec: 'nop' },
})
const steps = [step(1), step(2), step(3)]

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
  const found = refusedOf(steps, stderr, exitCode)
  expect(found.map(({ step, why }) => ['rule' in step && step.rule.priority, why])).toEqual(refused)
})
