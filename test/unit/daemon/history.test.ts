import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepHistory } from '../../../src/daemon/history.ts'
import { openHistory } from '../../../src/store/history.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ifbalance-history-'))
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

test('a card is written to once in five minutes, and at the end', async () => {
  const path = join(folder, 'history.db')
  let look: () => unknown = () => undefined
  const pulse = { join: (member: () => 'soon' | undefined) => (look = member) }
  const history = keepHistory({ ...pulse, hurry: vi.fn(), awake: vi.fn(), stop: vi.fn() }, path)
  const pass = (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 10) {
      vi.advanceTimersByTime(10_000)
      look()
    }
  }
  const kept = async () => {
    const file = await openHistory(path, { readOnly: true })
    const events = file.events(0, 1e11)
    file.close()
    return events.map(({ event }) => event)
  }
  pass(290)
  expect(existsSync(path)).toBe(false)
  pass(10)
  await vi.waitFor(async () => expect(await kept()).toEqual(['start']))
  history.tell([{ event: 'held-down' }])
  pass(290)
  expect(await kept()).toEqual(['start'])
  await history.stop()
  expect(await kept()).toEqual(['start', 'held-down'])
})
