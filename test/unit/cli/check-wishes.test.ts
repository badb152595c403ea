import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkWishes } from '../../../src/cli/check-wishes.ts'
import { configOf } from '../../config-of.ts'
import { linkOf } from '../builders.ts'

test('an interface that is not there is told, unless the uplink is not wanted', () => {
  const config = configOf(
    '[uplink fibre]\ninterface = eth0\n[uplink lte]\ninterface = wwan*\n[uplink office]\ninterface = eth3\nenabled = no\n[uplink wan1]',
  )
  const links = [linkOf('wan1')]
  expect(checkWishes(config, { links })).toEqual([
    'uplink fibre: there is no interface eth0 now',
    'uplink lte: there is no interface wwan* now',
  ])
})

test('a rule that asks for quality of lines that nobody probes', () => {
  const sections = '[uplink a]\nprobe = none\n[uplink b]\n[rule x]\nport = 1\nmax-loss = 2\n'
  const links = [linkOf('a'), linkOf('b')]
  const wishes = (text: string) => checkWishes(configOf(text), { links })
  expect(wishes(`${sections}uplinks = a b\n`)).toEqual(['rule x: max-loss 2 says nothing of a, as probe = none'])
  expect(wishes(`[balance]\nprobe = none\n${sections}`)).toEqual([
    'rule x: max-loss 2 says nothing of all uplinks, as probe = none',
  ])
  expect(wishes('[uplink a]\n[uplink b]\n[rule x]\nport = 1\nmax-loss = 2\n')).toEqual([])
})

test('messages that would not be sent', () => {
  const wishes = (text: string) => checkWishes(configOf(`[notify]\n${text}\n`), { links: [] }).join('\n')
  expect(wishes('command = /usr/local/bin/there-is-no-such-program --now')).toMatch(
    /^notify: command is not run: ENOENT/m,
  )
  expect(wishes('webhook = http://192.0.2.1/hook')).not.toMatch(/command|mail/)
  if (!existsSync('/usr/sbin/sendmail'))
    expect(wishes('mail = root')).toMatch(/^notify: mail needs \/usr\/sbin\/sendmail/m)
})
