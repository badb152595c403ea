/** Every beginning of a first apply, and of a `down`: does it carry traffic, and does the next run end right? */
import { expect, test } from 'vitest'
import { apply } from '../../src/reconcile/apply/apply.ts'
import { commandOf } from '../../src/reconcile/apply/commands.ts'
import { decideNothing } from '../../src/reconcile/decide/decide.ts'
import { diff } from '../../src/reconcile/diff.ts'
import { observe } from '../../src/reconcile/observe/observe.ts'
import { reconcile, survey, takeDown } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import { scenario } from './namespace.ts'
import { ip, twoUplinks } from './world.ts'

const packets = [['203.0.113.1'], ['203.0.113.1', 'from', '192.168.77.9', 'iif', 'lan0'], ['2001:db8:ff::1']]

const play = await scenario(import.meta, async () => {
  await twoUplinks()
  const config = configOf('')
  const upwards = (await survey(config)).steps
  await reconcile(config)
  const observed = await observe(config)
  const downwards = diff(observed, decideNothing(observed), config.layout)

  const broken: string[] = []
  for (const [direction, steps] of [
    ['up', upwards],
    ['down', downwards],
  ] as const) {
    for (let count = 0; count <= steps.length; count++) {
      await (direction === 'up' ? takeDown(config) : reconcile(config))
      // Its order is that of the steps, so this is where a kill may leave the kernel.
      await apply(steps.slice(0, count))
      const last = steps[count - 1]
      const where = `${direction} ${count}: ${last ? commandOf(last).split('\n')[0] : 'nothing yet'}`
      for (const packet of packets) {
        const route = await ip('route', 'get', ...packet).catch((error: Error) => error.message)
        if (!/dev wan[12]/.test(route)) broken.push(`${where}: ${packet.join(' ')}: ${route}`)
      }
      const { remaining, errors } = await reconcile(config)
      if (remaining.length + errors.length > 0)
        broken.push(`${where}: next run: ${[...errors, ...remaining.map(commandOf)]}`)
    }
  }
  return { prefixes: upwards.length + downwards.length, broken }
})

test('P1: every beginning of an apply and of a removal carries traffic, and the next run ends right', async () => {
  const { prefixes, broken } = await play({})
  expect(broken).toEqual([])
  expect(prefixes).toBeGreaterThan(80)
})
