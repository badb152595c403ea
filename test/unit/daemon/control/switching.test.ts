import { expect, test } from 'vitest'
import { cannotSwitch, switchReply, uplinkCalled } from '../../../../src/daemon/control/switching.ts'

const known = [
  { name: 'lte', interface: 'wwan0' },
  { name: 'dsl', interface: 'lte' },
]

test('an uplink is called by its name, or else by its interface', () => {
  expect(['lte', 'wwan0', 'dsl'].map((word) => uplinkCalled(word, known))).toEqual(['lte', 'lte', 'dsl'])
  expect(uplinkCalled('ltw', known)).toMatchObject({ ok: false, misuse: true, message: expect.stringContaining('lte') })
  expect(uplinkCalled('', [{ name: 'lte', interface: '' }])).toMatchObject({ misuse: true })
})

const done = { ok: true, message: 'balancing over dsl' }

test('the configuration has the last word, and there is nothing to drain of what is disabled', () => {
  expect(switchReply('enable', 'lte', { name: 'lte', state: 'disabled' }, done).ok).toBe(false)
  expect(switchReply('enable', 'lte', { name: 'lte', state: 'online', drained: 'weight' }, done).ok).toBe(false)
  expect(switchReply('enable', 'lte', { name: 'lte', state: 'online' }, done)).toMatchObject({ ok: true })
  expect(switchReply('drain', 'lte', { name: 'lte', state: 'online', drained: 'command' }, done)).toEqual({
    ok: true,
    message: 'lte is online and drained; balancing over dsl',
  })
  expect(cannotSwitch('drain', { name: 'lte', state: 'disabled' })?.ok).toBe(false)
  expect(cannotSwitch('disable', { name: 'lte', state: 'disabled' })).toBe(null)
})
