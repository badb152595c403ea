/** Lines whose gateway a service keeps to itself. */
import { expect, test } from 'vitest'
import type { BusLink } from '../../../../../src/model/facts.ts'
import type { Observed } from '../../../../../src/model/observed.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { configOf } from '../../../../config-of.ts'
import { linkOf, worldOf } from '../../../builders.ts'

const cables = worldOf('two-dhcp-uplinks')

const told: BusLink = { source: 'ConnMan', addresses: ['10.9.0.5'], gateway: {}, nameServers: ['10.9.0.254'] }
const worldWith = (link: BusLink): Observed => ({
  ...cables,
  links: [
    ...cables.links,
    {
      ...linkOf('wan9'),
      addresses: [{ family: 'inet', address: '10.9.0.5', prefixLength: 24, peer: null, global: true, usable: true }],
    },
  ],
  bus: { ...cables.bus, wan9: link },
})
const said = (config: string, link: BusLink) =>
  decide(configOf(config), worldWith(link)).warnings.map(({ reason }) => reason)

test('a service of ConnMan without a gateway is named, with the lines to write', () => {
  const line = 'wan9 is connected, and ConnMan does not tell its gateway: write [uplink wan9] with gateway = ADDRESS'
  expect(said('', told)).toContain(line)
  expect(said('[uplink wan9]\ngateway = 10.9.0.1\n', told)).not.toContain(line)
  expect(said('', { ...told, addresses: ['10.9.0.6'] })).not.toContain(line)
  expect(said('', { ...told, source: 'networkd' })).not.toContain(line)
})
