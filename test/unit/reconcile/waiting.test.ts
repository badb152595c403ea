import { expect, test } from 'vitest'
import type { Step } from '../../../src/model/step.ts'
import { createWaiting } from '../../../src/reconcile/waiting.ts'

const step = (uplink: string): Step => ({ kind: 'close-sockets', uplink, addresses: [] })
/** The world is what is dead in it. */
const due = (one: Step, dead: readonly string[]) => ('uplink' in one && dead.includes(one.uplink ?? '') ? [one] : [])

test('what has ceased to be so meanwhile is not done, though it is so again', () => {
  const { add, see } = createWaiting<readonly string[]>()
  const first = add([step('wan1'), step('wan2')], due)
  see(['wan1', 'wan2'])
  see(['wan2'])
  const second = add([step('wan1')], due)
  see(['wan1', 'wan2'])
  expect(first.take(['wan1', 'wan2'])).toEqual([step('wan2')])
  expect(first.take(['wan1', 'wan2'])).toEqual([])
  expect(second.take(['wan1'])).toEqual([step('wan1')])
})

test('what has just ceased is not done', () => {
  const { add } = createWaiting<readonly string[]>()
  expect(add([step('wan1')], due).take([])).toEqual([])
})

test('what is done one after the other is asked for before each, until it is taken out', () => {
  const { add, see } = createWaiting<readonly string[]>()
  const steps = [step('wan1'), step('wan2'), step('wan1')]
  const left = add(steps, due)
  const has = () => steps.map(left.has)
  expect(has()).toEqual([true, true, true])
  see(['wan2'])
  expect(has()).toEqual([false, true, false])
  left.take(null)
  expect(has()).toEqual([false, false, false])
})
