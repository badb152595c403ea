import { describe, expect, test } from 'vitest'
import { checkMptcp } from '../../../../src/cli/check-mptcp.ts'
import { mptcpWords, parseMptcp } from '../../../../src/kernel/mptcp.ts'
import type { Address } from '../../../../src/model/kernel.ts'
import type { Mptcp } from '../../../../src/model/mptcp.ts'
import type { Uplink } from '../../../../src/model/uplink.ts'
import { decideMptcp, formerSubflows } from '../../../../src/reconcile/decide/mptcp.ts'
import { diff } from '../../../../src/reconcile/diff.ts'
import { configOf } from '../../../config-of.ts'
import { healthOf, linkOf, observedOf, pathOf, uplinkOf } from '../../builders.ts'

const empty: Mptcp = { endpoints: [], subflows: 2 }
const v4 = (number: number, more: Partial<Uplink> = {}) =>
  uplinkOf(number, { inet: pathOf(`10.${number}.0.1`, [`10.${number}.0.2`]), ...more })
const dead = (number: number) =>
  v4(number, { state: 'offline', inet: pathOf(null, [`10.${number}.0.2`], { line: healthOf('offline') }) })

/** `65 10.1.0.2 wan1 subflow` */
function endpoints(uplinks: readonly Uplink[], text = '', mptcp: Mptcp | undefined = empty): readonly string[] | null {
  const wanted = decideMptcp(configOf(text), uplinks, observedOf(mptcp && { mptcp }))
  return wanted?.endpoints.map(({ id, address, device, flags }) => [id, address, device, ...flags].join(' ')) ?? null
}

const one = '65 10.1.0.2 wan1 subflow'
const two = '66 10.2.0.2 wan2 subflow'

test('each usable uplink has one', () => expect(endpoints([v4(1), v4(2)])).toEqual([one, two]))

test('both families have, and link-local addresses none', () => {
  const both = v4(2, { inet6: pathOf('fe80::1', ['fe80::2', '2001:db8:2::2']) })
  expect(endpoints([v4(1), both])).toEqual([one, two, '130 2001:db8:2::2 wan2 subflow'])
})

test.each<[string, readonly Uplink[], string, Mptcp | undefined]>([
  ['the kernel has none', [v4(1), v4(2)], '', undefined],
  ['nobody wants it', [v4(1), v4(2)], '[balance]\nmptcp = no\n', empty],
  ['one uplink is known', [v4(1)], '', empty],
])('none where %s', (_, uplinks, text, mptcp) => {
  expect(decideMptcp(configOf(text), uplinks, observedOf(mptcp && { mptcp }))).toBeUndefined()
})

test('a dead one has none, and the last that is usable keeps its own', () => {
  expect(endpoints([v4(1), dead(2)])).toEqual([one])
})

test.each([
  ['metered ones', [v4(1), v4(2)], '[uplink wan2]\nmetered = yes\n'],
  ['drained ones', [v4(1), v4(2, { drained: 'command' })], ''],
  ['standby ones', [v4(1), v4(2, { standby: true })], ''],
  ['those of another tier', [v4(1), v4(2, { metric: 20 })], ''],
  ['all but the first, where one after the other carries', [v4(1), v4(2)], '[balance]\nmode = failover\n'],
])('a backup: %s', (_, uplinks, text) => {
  expect(endpoints(uplinks, text)).toEqual([one, '66 10.2.0.2 wan2 backup subflow'])
})

test('an address that two uplinks have is one endpoint, and of more than eight those are left that carry nothing', () => {
  expect(endpoints([v4(1), v4(2, { inet: pathOf(null, ['10.1.0.2']) })])).toEqual([one])
  const many = [v4(1, { standby: true }), ...Array.from({ length: 8 }, (_, i) => v4(i + 2))]
  expect(endpoints(many)).toHaveLength(8)
  expect(endpoints(many)?.join()).not.toContain('wan1')
})

describe('of several addresses it is the one that new connections have', () => {
  const address = (family: 'inet' | 'inet6', text: string, more: Partial<Address> = {}): Address => ({
    ...{ family, address: text, prefixLength: family === 'inet' ? 24 : 64, peer: null, global: true, usable: true },
    ...more,
  })
  const wanted = (uplink: Uplink, addresses: readonly Address[], mptcp = empty, other: Uplink = v4(2)) => {
    const links = [linkOf('wan1', { addresses })]
    const found = decideMptcp(configOf(''), [uplink, other], observedOf({ mptcp, links }))
    return found?.endpoints.find(({ device }) => device === 'wan1')?.address
  }
  const [fixed, slaac, temporary] = ['2001:db8:1::50', '2001:db8:1::ff:fe00:101', '2001:db8:1::aaaa']
  const v6 = (addresses: readonly string[]) => uplinkOf(1, { inet6: pathOf('fe80::1', addresses) })
  const of6 = (text: string, more: Partial<Address> = {}) => address('inet6', text, more)

  test('in IPv6 the latest, which is listed first, or a temporary one; never a deprecated one', () => {
    const both = v6([fixed, slaac])
    expect(wanted(both, [of6(slaac), of6(fixed)])).toBe(slaac)
    expect(wanted(both, [of6(fixed), of6(slaac)])).toBe(fixed)
    expect(wanted(both, [of6(slaac, { deprecated: true }), of6(fixed)])).toBe(fixed)
    expect(wanted(v6([fixed, slaac, temporary]), [of6(slaac), of6(temporary, { temporary: true }), of6(fixed)])).toBe(
      temporary,
    )
  })

  test('in IPv4 the one in whose subnet the gateway is', () => {
    const uplink = v4(1, { inet: pathOf('10.1.0.1', ['10.1.0.2', '10.9.0.2']) })
    expect(wanted(uplink, [address('inet', '10.9.0.2'), address('inet', '10.1.0.2')])).toBe('10.1.0.2')
    const routed = v4(1, { inet: pathOf('10.1.0.1', ['10.1.0.2', '10.9.0.2'], { source: '10.9.0.2' }) })
    expect(wanted(routed, [address('inet', '10.1.0.2'), address('inet', '10.9.0.2')])).toBe('10.9.0.2')
  })

  test('the last usable one keeps its own, as a connection may have nothing else', () => {
    const mptcp = { ...empty, endpoints: [{ id: 129, address: fixed, device: 'wan1', flags: ['subflow'] }] }
    const listed = [of6(slaac), of6(fixed)]
    expect(wanted(v6([fixed, slaac]), listed, mptcp)).toBe(fixed)
    const other = uplinkOf(2, { inet6: pathOf('fe80::1', ['2001:db8:2::2']) })
    expect(wanted(v6([fixed, slaac]), listed, mptcp, other)).toBe(slaac)
    expect(wanted(v6([slaac]), [of6(slaac)], mptcp)).toBe(slaac)
  })
})

const foreign = { id: 3, address: '192.168.77.1', device: null, flags: ['signal'] }

test("with others' endpoints there are none of ours, and it is told", () => {
  const mptcp = { ...empty, endpoints: [foreign] }
  expect(endpoints([v4(1), v4(2)], '', mptcp)).toBeNull()
  expect(checkMptcp(configOf(''), { mptcp }, () => true)).toEqual([expect.stringContaining('(192.168.77.1)')])
  expect(checkMptcp(configOf('[balance]\nmptcp = no\n'), { mptcp }, () => true)).toEqual([])
  expect(checkMptcp(configOf(''), { mptcp: empty }, () => true)).toEqual([])
  expect(checkMptcp(configOf(''), {}, () => false)).toHaveLength(1)
  const implicit = { ...empty, endpoints: [{ ...foreign, flags: ['implicit'] }] }
  expect(endpoints([v4(1), v4(2)], '', implicit)).toEqual([one, two])
})

test('mptcpd has all to itself while it runs, also when it has made none yet', () => {
  const observed = observedOf({ mptcp: empty, mptcpd: true })
  expect(decideMptcp(configOf(''), [v4(1), v4(2)], observed)).toBeUndefined()
  expect(checkMptcp(configOf(''), observed, () => true)).toEqual(['MPTCP: left to mptcpd, which is running'])
})

const listing = `add_addr_accepted 0 subflows 8
192.168.77.1 id 3 signal
10.1.0.2 id 65 subflow backup dev wan1
10.9.0.2 id 66 subflow dev wan2
10.3.0.2 id 67 subflow dev wan3
`

test('the steps from what is listed to what is wanted, and what takes it away', () => {
  const mptcp = parseMptcp(listing) ?? empty
  const observed = observedOf({ mptcp, state: { uplinks: {}, sysctls: {}, subflows: 2 } })
  const wanted = { ...decideMptcp(configOf(''), [v4(1), v4(2)], observedOf({ mptcp: empty })), subflows: 8 }
  const desired = { uplinks: [], routes: [], rules: [], ruleset: null, sysctls: {}, tableNames: '', warnings: [] }
  const words = (mine: object) =>
    diff(observed, { ...desired, state: observed.state, ...mine }, configOf('').layout).flatMap((step) =>
      'endpoint' in step || step.kind === 'set-subflows' ? [mptcpWords(step).join(' ')] : [],
    )
  expect(words({ mptcp: wanted })).toEqual([
    'endpoint delete id 66',
    'endpoint delete id 67',
    'endpoint change id 65 nobackup',
    'endpoint add 10.2.0.2 dev wan2 id 66 subflow',
  ])
  const gone = ['endpoint delete id 65', 'endpoint delete id 66', 'endpoint delete id 67']
  expect(words({})).toEqual([...gone, 'limits set subflows 2'])
})

test('the number of subflows before us is remembered once', () => {
  const state = { uplinks: {}, sysctls: {} }
  expect(formerSubflows(observedOf({ mptcp: empty }), empty)).toBe(2)
  expect(
    formerSubflows(observedOf({ mptcp: { ...empty, subflows: 8 }, state: { ...state, subflows: 2 } }), empty),
  ).toBe(2)
  expect(formerSubflows(observedOf({ mptcp: empty, state: { ...state, subflows: 2 } }), undefined)).toBeUndefined()
  expect(formerSubflows(observedOf({ state: { ...state, subflows: 2 } }), undefined)).toBe(2)
})

test('what is no listing', () => expect(parseMptcp('Error: unknown')).toBeNull())
