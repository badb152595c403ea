/** Who is asked for the size that packets may have, by what a line is probed with. */
import { expect, test } from 'vitest'
import { defaultTargets, echoTargets, probeSettings } from '../../../src/lines/settings.ts'
import { configOf } from '../../config-of.ts'

test.each([
  ['', defaultTargets.inet],
  ['probe = tcp\nprobe-targets = 192.0.2.1:80 192.0.2.2\n', ['192.0.2.1', '192.0.2.2']],
  ['probe = dns\n', defaultTargets.inet],
  ['probe = http\n', defaultTargets.inet],
  ['probe = http\nprobe-targets = http://10.0.0.1/\n', defaultTargets.inet],
  ['probe = arp\n', []],
  ['probe = none\n', []],
  ['probe = script\nprobe-targets = /usr/local/bin/alive\n', []],
])('%j', (text, expected) => {
  const config = configOf(`[uplink wan1]\n${text}`)
  expect(echoTargets(probeSettings('wan1', 'wan1', 'inet', config), 'inet')).toEqual(expected)
})

test('in IPv6 without brackets, and never a neighbour alone', () => {
  const config = configOf('[uplink wan1]\nprobe = tcp\nprobe-targets = [2001:db8::1]:80 [fe80::1]:80\n')
  expect(echoTargets(probeSettings('wan1', 'wan1', 'inet6', config), 'inet6')).toEqual(['2001:db8::1'])
})
