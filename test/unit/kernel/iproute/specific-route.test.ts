/** Which of main's routes takes an address. */
import { expect, test } from 'vitest'
import { specificRoute } from '../../../../src/kernel/iproute/specific-route.ts'
import { routeOf } from '../../builders.ts'

const route = (destination: string, metric = 0, table = 254) => routeOf(destination, [], { metric, table })
const routes = [
  ...['default', '10.0.0.0/8', '10.128.0.0/9', '10.200.3.0/24', '255.255.255.254/31'].map((to) => route(to)),
  ...['2001:db8::/32', '2001:db8:0:8000::/49', '2001:db8::1', '::/1'].map((to) => route(to)),
  ...[route('10.200.3.9', 0, 30001), route('172.16.0.0/12', 20), route('172.16.0.0/12', 10)],
]

test.each([
  ['10.1.2.3', '10.0.0.0/8'],
  ['10.129.0.1', '10.128.0.0/9'],
  ['10.200.3.9', '10.200.3.0/24'],
  ['255.255.255.255', '255.255.255.254/31'],
  ['192.0.2.1', undefined],
  ['2001:db8::1', '2001:db8::1'],
  ['2001:db8::2', '2001:db8::/32'],
  ['2001:db8:0:8000::2', '2001:db8:0:8000::/49'],
  ['3fff::1', '::/1'],
  ['ffff::1', undefined],
])('%s', (address, destination) => expect(specificRoute(address, { routes })?.destination).toBe(destination))

test('of two alike, the one with the lower metric', () => {
  expect(specificRoute('172.31.0.1', { routes })?.metric).toBe(10)
})
