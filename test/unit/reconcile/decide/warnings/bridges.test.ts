/** Bridges that lead out: what status and check say to write, and when they say nothing. */
import { expect, test } from 'vitest'
import type { Link } from '../../../../../src/model/kernel.ts'
import type { Observed } from '../../../../../src/model/observed.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { configOf } from '../../../../config-of.ts'
import { hopOf, linkOf, routeOf, worldOf } from '../../../builders.ts'

const cables = worldOf('two-dhcp-uplinks')

const addressed = (text: string): Link['addresses'] => [
  { family: 'inet', address: text, prefixLength: 24, peer: null, global: true, usable: true },
]
const bridge = (name: string, index: number, text: string): Link => ({
  ...linkOf(name),
  ...{ index, kind: 'bridge', addresses: addressed(text) },
})
const port = (name: string, index: number, master: number, kind: string | null): Link => ({
  ...linkOf(name),
  ...{ index, master, kind },
})

/** As on Proxmox: a bridge with a card and the default route, one with a card, and one for guests alone. */
const host: Observed = {
  ...cables,
  links: [
    ...cables.links.filter(({ name }) => name === 'lo'),
    ...[bridge('vmbr0', 40, '10.1.0.10'), bridge('vmbr1', 41, '10.2.0.10'), bridge('vmbr2', 42, '10.9.0.1')],
    ...[port('eno1', 50, 40, null), port('eno2', 51, 41, null), port('tap100i0', 52, 42, 'tun')],
  ],
  routes: [routeOf('default', [hopOf('vmbr0', '10.1.0.1')], { protocol: 3 })],
}

const said = (config: string, world: Observed = host) =>
  decide(configOf(config), world).warnings.flatMap(({ kind, reason }) => (kind === 'bridge' ? [reason] : []))

test('a bridge with the default route, and the others with a card, are named with the lines to write', () => {
  expect(said('')).toEqual([
    'vmbr0 leads out, and a bridge is no uplink unless it is listed: write [uplink vmbr0]',
    'vmbr1 has an address, and nobody knows its gateway: if it leads out, too, write [uplink vmbr1] with gateway = ADDRESS',
  ])
})

test.for([
  ['both are listed', '[uplink vmbr0]\n[uplink vmbr1]\ngateway = 10.2.0.1\n', host],
  ['only what is listed may be an uplink', '[balance]\nadopt = listed\n', host],
  [
    'one is listed as no uplink, which is an answer, and the other, too',
    '[uplink v]\ninterface = vmbr*\nenabled = no\n',
    host,
  ],
  ['none leads out, as on a host that has bridges of containers', '', { ...host, routes: [] }],
] as const)('nothing is said where %s', ([, config, world]) => expect(said(config, world)).toEqual([]))
