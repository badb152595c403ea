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
