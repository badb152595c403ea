import { expect, test } from 'vitest'
import {
  concernsOthers,
  hearRoutes,
  noticeRoutes,
  readListedRoutes,
} from '../../../../src/kernel/iproute/hidden-routes.ts'

test.for([
  ['a link', '3: wan2@if2: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN group 0', true],
  ['an address', 'Deleted 3: wan2    inet 10.2.0.2/24 scope 0 wan2 proto 2', true],
  ['a setting', 'inet wan2 rp_filter 2', true],
  ['a route of the administrator', '10.9.0.0/24 via 10.1.0.1 dev wan1 proto 4', true],
  ["a routing daemon's default route", 'Deleted default via 10.1.0.1 dev wan1 proto 12 metric 300', true],
  ["a routing daemon's default route of a type", 'unreachable default dev lo proto 12 metric 4294967295', true],
  ['a route without a protocol', 'default via 10.1.0.1 dev wan1', true],
  ['what is not understood', 'something', true],
  ["a routing daemon's other route", '30.1.0.0/16 via 192.168.77.10 dev lan0 proto 12', false],
  ['one of ours', 'default table 30098 proto 2', false],
  ['a rule', 'Deleted 32765:\tfrom all lookup 30098 proto 2', false],
  ['a rule that negates', '20100:\tnot from all iif lo goto 20999 proto 2', false],
  ['the next line of a message', '\tnexthop via 10.1.0.1 dev wan1 weight 1', false],
] as const)('%s', ([, line, concerns]) => {
  expect(concernsOthers(line)).toBe(concerns)
})

test("others' routes are read once until there are news of them, and those of protocol kernel each time", async () => {
  const asked: string[] = []
  let onAsked = () => {}
  const read = () =>
    readListedRoutes('inet', async (_, commands) => {
      onAsked()
      asked.push(commands.length === 1 ? 'kernel' : 'others')
      return commands.map((command) => {
        if (command.endsWith('exact default'))
          return [
            { dst: 'default', protocol: '12' },
            { dst: 'default', protocol: '2' },
          ]
        if (command.endsWith('proto 2')) return [{ dst: 'default' }, { dst: '10.0.0.0/8' }]
        return command.endsWith('proto 4') ? [{ dst: '10.9.0.0/24' }, { dst: 'default' }] : []
      })
    })
  const expected = [
    { dst: 'default', protocol: '2' },
    { dst: '10.0.0.0/8', protocol: '2' },
    { dst: 'default', protocol: '12' },
    { dst: '10.9.0.0/24', protocol: '4' },
  ]
  // Nobody hears news.
  expect(await read()).toEqual(expected)
  expect(await read()).toEqual(expected)
  expect(asked.splice(0)).toEqual(['kernel', 'others', 'kernel', 'others'])
  hearRoutes()
  expect(await read()).toEqual(expected)
  expect(await read()).toEqual(expected)
  noticeRoutes('30.1.0.0/16 via 192.168.77.10 dev lan0 proto 12')
  expect(await read()).toEqual(expected)
  expect(asked.splice(0)).toEqual(['kernel', 'others', 'kernel', 'kernel'])
  // While it is read.
  noticeRoutes('default via 10.1.0.1 dev wan1 proto 12')
  onAsked = () => noticeRoutes('default via 10.1.0.1 dev wan1 proto 12')
  await read()
  onAsked = () => {}
  await read()
  await read()
  expect(asked).toEqual(['kernel', 'others', 'kernel', 'others', 'kernel'])
})
