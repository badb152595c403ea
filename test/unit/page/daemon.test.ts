import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Daemon, followDaemon } from '../../../src/page/daemon.ts'

/** A call of the page that waits for its answer. */
interface Call {
  readonly method: string
  readonly answer: (value: unknown) => void
}

let calls: Call[]
let listeners: Map<string, (event: unknown, detail: unknown) => void>
let seen: (Daemon | null)[]

beforeEach(() => {
  vi.useFakeTimers()
  calls = []
  listeners = new Map()
  seen = []
  const client = {
    call: (_path: string, _face: string, method: string) =>
      new Promise((resolve) => calls.push({ method, answer: (value) => resolve([value]) })),
    subscribe: () => ({ remove: () => undefined }),
    addEventListener: (event: string, listener: (event: unknown, detail: unknown) => void) =>
      listeners.set(event, listener),
  }
  vi.stubGlobal('cockpit', { dbus: () => client, hidden: true, addEventListener: () => undefined })
  followDaemon((daemon) => seen.push(daemon))
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** Answers all questions that wait. */
async function answerAll(): Promise<void> {
  for (const { answer } of calls.splice(0)) answer({})
  await vi.advanceTimersByTimeAsync(0)
}

const running = { manager: {}, uplinks: new Map() }

test('what it says is shown', async () => {
  await answerAll()
  expect(seen).toEqual([running])
})

test('an answer that comes after word that it is gone is not shown', async () => {
  listeners.get('owner')?.({}, null)
  await answerAll()
  expect(seen).toEqual([null])
})

test('nor one of its predecessor, and it is asked itself', async () => {
  listeners.get('owner')?.({}, null)
  listeners.get('owner')?.({}, ':1.2')
  await answerAll()
  expect(seen).toEqual([null])
  expect(calls.map(({ method }) => method)).toEqual(['GetAll', 'GetManagedObjects'])
  await answerAll()
  expect(seen).toEqual([null, running])
})
