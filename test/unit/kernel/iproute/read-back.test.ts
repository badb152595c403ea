/** What `ip -j` prints and the kernel no longer means. */
import { expect, test } from 'vitest'
import { parseRoutes } from '../../../../src/kernel/iproute/route.ts'
import { parseRule } from '../../../../src/kernel/iproute/rule.ts'

test('L13: a route whose lifetime is over is no route, although the kernel shows it until it tidies up', () => {
  const route = {
    type: '1',
    dst: 'default',
    gateway: 'fe80::1',
    dev: 'wan1',
    table: '254',
    protocol: '9',
    metric: 1024,
  }
  const shown = [
    { ...route, dev: 'wan1', expires: 1790 },
    { ...route, dev: 'wan2', expires: 0 },
    { ...route, dev: 'wan3', expires: -12 },
    { ...route, dev: 'wan4' },
  ]
  const devices = parseRoutes('inet6', shown).map(({ nexthops }) => nexthops.map(({ device }) => device))
  expect(devices).toEqual([['wan1'], ['wan4']])
})

test('a jump whose target is not there at the moment is the jump that it is with it, and can be deleted', () => {
  const jump = { priority: 20000, src: 'all', fwmark: '0', fwmask: '0x40000000', goto: 20100, protocol: '2' }
  expect(parseRule('inet', { ...jump, unresolved: null })).toEqual(parseRule('inet', jump))
})

test.each([
  [{ not: null, src: '10.9.0.0', srclen: 16, tos: '0x10', table: '77' }, 'not from 10.9.0.0/16 lookup 77 tos 0x10'],
  [{ dst: '10.9.0.0', dstlen: 16, table: '77' }, 'lookup 77 dst 10.9.0.0 dstlen 16'],
  [{ ipproto: 'ipproto-6', sport_start: 100, sport_end: 200, dport: 53, table: '77' }, /^lookup 77 ipproto /],
  [{ uid_start: 1000, uid_end: 2000, table: '77' }, 'lookup 77 uid_start 1000 uid_end 2000'],
  [{ tun_id: 7, table: '77' }, 'lookup 77 tun_id 7'],
  [{ l3mdev: null }, 'l3mdev'],
  [{ table: '77', suppress_ifgroup: '5' }, 'lookup 77 suppress_ifgroup 5'],
  [{ table: '77', suppress_prefixlen: 12 }, 'lookup 77 suppress_prefixlen 12'],
  [{ table: '77', flow_from: '3', flow_to: '4' }, 'lookup 77 flow_from 3 flow_to 4'],
  [{ fwmark: '0x9', action: '8' }, 'fwmark 0x9/0xffffffff prohibit'],
  [{ action: '6' }, 'blackhole'],
  [{ action: '7' }, 'unreachable'],
])("a rule with what we never use is another's, whatever its protocol: %j", (rule, spec) => {
  const parsed = parseRule('inet', { priority: 20400, src: 'all', protocol: '2', ...rule })
  expect(parsed).toMatchObject({ priority: 20400, protocol: 2, foreign: true })
  expect(parsed.spec).toMatch(spec)
})
