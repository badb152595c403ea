import { expect, test } from 'vitest'
import { isLivingOf } from '../../../../src/kernel/conntrack/living.ts'
import { defaultLayout } from '../../../../src/layout.ts'

/** As conntrack(8) 1.4.7 prints them with `--output extended`. */
const tuple = 'src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2'
const tcp = (state: string, mark = 0x41000000) =>
  `ipv4     2 tcp      6 9 ${state} ${tuple} ${tuple} [ASSURED] mark=${mark} use=1`

test.each([
  ['TCP', tcp('ESTABLISHED'), true],
  ['TCP that came in', tcp('ESTABLISHED', 0xc1000000), true],
  ['TCP half closed', tcp('FIN_WAIT'), true],
  ['TCP that is over', tcp('TIME_WAIT'), false],
  ['TCP that was reset', tcp('CLOSE'), false],
  ['of another uplink', tcp('ESTABLISHED', 0x42000000), false],
  ['on no uplink', tcp('ESTABLISHED', 0x01000000), false],
  ['UDP of some length', `ipv4     2 udp      17 29 ${tuple} ${tuple} [ASSURED] mark=1090519040 use=1`, true],
  ['a question and its answer', `ipv6     10 udp      17 29 ${tuple} ${tuple} mark=1090519040 use=1`, false],
  [
    'a probe',
    `ipv4     2 icmp     1 29 src=10.0.0.1 dst=1.1.1.1 type=8 code=0 id=1 src=1.1.1.1 dst=10.0.0.1 type=0 code=0 id=1 mark=1090519040 use=1`,
    false,
  ],
  [
    'GRE',
    `ipv4     2 gre      47 29 src=10.0.0.1 dst=10.0.0.2 srckey=0x0 dstkey=0x0 ${tuple} mark=1090519040 use=1`,
    true,
  ],
  ['nothing', '', false],
])('%s: counts %s', (_, line, counts) => {
  expect(isLivingOf(1, defaultLayout)(line)).toBe(counts)
})
