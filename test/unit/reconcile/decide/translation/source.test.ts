/** Uplinks with an address for what they translate. */
import { expect, test } from 'vitest'
import { parseConfig } from '../../../../../src/config/parse.ts'
import { egressesOf } from '../../../../../src/lines/probes/egresses.ts'
import type { Address } from '../../../../../src/model/kernel.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { configOf } from '../../../../config-of.ts'
import { worldOf } from '../../../builders.ts'

const world = worldOf('two-dhcp-uplinks')

function decided(text: string, shared: readonly string[] = []) {
  const links = world.links.map((link) => {
    const more = shared.map((address): Address => ({ ...(link.addresses[0] as Address), address }))
    return link.name === 'wan1' ? { ...link, addresses: [...more, ...link.addresses] } : link
  })
  const { ruleset, uplinks } = decide(configOf(text), { ...world, links })
  const nat = ruleset?.chains.find(({ name }) => name === 'nat_1')?.rules ?? []
  return { nat: nat.filter((rule) => /snat|masquerade/.test(rule)), uplinks }
}

const privately = 'ip saddr 172.16.0.0/12'

test("what is forwarded gets the source, what is this host's an address of its own", () => {
  const { nat } = decided('[uplink wan1]\nsource = 10.1.0.10, 2001:DB8::10\n')
  expect(nat.filter((rule) => /172|fc00/.test(rule))).toEqual([
    `${privately} fib saddr type local snat ip to 10.1.0.2`,
    `${privately} snat ip to 10.1.0.10`,
    'ip6 saddr fc00::/7 snat ip6 to 2001:db8::10',
  ])
})

test('where the host has no other address, all get the source', () => {
  const { nat } = decided('[uplink wan1]\nsource = 10.1.0.2\n')
  expect(nat).toContain(`${privately} snat ip to 10.1.0.2`)
  expect(nat.filter((rule) => rule.includes('type local'))).toEqual([])
})

test('probes have another address, whichever comes first as text, and the only one where there is no other', () => {
  const probed = (text: string, shared: readonly string[]) =>
    egressesOf(decided(text, shared).uplinks).map(({ source }) => source)
  expect(probed('', ['10.1.0.10'])).toEqual(['10.1.0.10', '10.2.0.2'])
  expect(probed('[uplink wan1]\nsource = 10.1.0.10\n', ['10.1.0.10'])).toEqual(['10.1.0.2', '10.2.0.2'])
  expect(probed('[uplink wan1]\nsource = 10.1.0.2\n', [])).toEqual(['10.1.0.2', '10.2.0.2'])
})

test('a source that masquerade = no leaves unused is told', () => {
  const warnings = (text: string) => parseConfig([{ path: '1.conf', text }])
  expect(warnings('[balance]\nmasquerade = no\n[uplink a]\nsource = 10.1.0.2')).toMatchObject({
    warnings: ['1.conf:3: [uplink a] source: nothing is translated, as masquerade = no says'],
  })
  expect(warnings('[balance]\nmasquerade = no\n[uplink a]\nmasquerade = yes\nsource = 10.1.0.2')).toMatchObject({
    warnings: [],
  })
})

test.each(['fe80::1', '127.0.0.1', '10.1.0.2 10.1.0.3', '10.1.0.0/24', '::ffff:10.1.0.2', ''])(
  '%j is no source',
  (source) => {
    expect(parseConfig([{ path: '1.conf', text: `[uplink a]\nsource = ${source}` }]).ok).toBe(false)
  },
)
