import { expect, test } from 'vitest'
import { judge } from '../../../src/cli/check-tools.ts'
import { findingLine } from '../../../src/cli/finding.ts'
import type { Paint } from '../../../src/cli/output.ts'

const plain: Paint = (_, text) => text

test.each([
  ['nftables v1.0.6 (Lester Gooch #5)', [1, 0, 6], 'ok', '1.0.6'],
  ['nftables v1.1.3 (Commodore Bullmoose #4)', [1, 0, 6], 'ok', '1.1.3'],
  ['nftables v1.1 (x)', [1, 0, 6], 'ok', '1.1'],
  ['nftables v1.0.5', [1, 0, 6], 'error', 'version 1.0.5: expected 1.0.6 or later'],
  ['nftables v1.0', [1, 0, 6], 'error', 'version 1.0: expected 1.0.6 or later'],
  ['nftables v0.9.8 (E.D.S.)', [1, 0, 6], 'error', 'version 0.9.8: expected 1.0.6 or later'],
  ['ip utility, iproute2-6.15.0, libbpf 1.5.0', [6, 1], 'ok', '6.15.0'],
  ['ip utility, iproute2-5.10.0', [6, 1], 'error', 'version 5.10.0: expected 6.1 or later'],
  ['conntrack v1.10.0 (conntrack-tools)', [1, 4, 7], 'ok', '1.10.0'],
  ['something else', [1], 'warning', 'no version found in "something else"'],
] as const)('P10: %s', (said, atLeast, level, message) => {
  expect(judge('tool', said, atLeast)).toEqual({ level, what: 'tool', message })
})

test('a finding is one line in columns', () => {
  expect(findingLine({ level: 'ok', what: 'nft', message: 'a\u0007' }, plain)).toBe('ok       nft            a\uFFFD')
})
