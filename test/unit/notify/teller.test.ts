import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { NotifyConfig } from '../../../src/model/config.ts'
import { type Channel, type Message, nothingKnown } from '../../../src/model/notify.ts'
import type { SeenUplink } from '../../../src/notify/outages.ts'
import { mailOf } from '../../../src/notify/senders.ts'
import { createTeller, mostQueued, type Teller } from '../../../src/notify/teller.ts'
import { type NotifyState, notifyFile } from '../../../src/store/notify.ts'

const notify: NotifyConfig = { mail: ['root'], webhook: 'http://192.0.2.1/', afterSeconds: 30 }
const hour = 3600_000

beforeEach(() => {
  vi.useFakeTimers({ now: new Date(2026, 10, 27, 12) })
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function uplinks(state: string): readonly SeenUplink[] {
  const rest = { since: Date.now(), standby: false, quotaUsed: 0, reason: '' }
  return [
    { name: 'wan1', state: 'online', ...rest },
    { name: 'wan2', state, ...rest },
  ]
}

/** A teller whose messages arrive only by the channels that work, and what it has on its disk. */
function start(works: (channel: Channel) => boolean, from: NotifyState = { memory: nothingKnown, queue: [] }) {
  const arrived: [Channel, string][] = []
  const tried: [Channel, string][] = []
  let disk = notifyFile.format(from)
  let ids = 0
  const teller: Teller = createTeller(notify, from, 'router', {
    now: Date.now,
    newId: () => `${Date.now()}-${ids++}`,
    save: (state) => {
      disk = notifyFile.format(state)
    },
    send: async (channel: Channel, { id }: Message) => {
      tried.push([channel, id])
      if (!works(channel)) throw new Error('no line')
      arrived.push([channel, id])
    },
  })
  return { teller, arrived, tried, disk: () => notifyFile.parse(disk) }
}

async function outage(teller: Teller, ms: number): Promise<void> {
  teller.see(uplinks('offline'))
  await vi.advanceTimersByTimeAsync(ms)
  teller.see(uplinks('online'))
  await vi.advanceTimersByTimeAsync(31_000)
}

test('each message arrives once by each channel, in order, though one of them fails for hours and the teller is restarted', async () => {
  const first = start((channel) => channel === 'mail')
  for (let count = 0; count < 3; count += 1) await outage(first.teller, hour)
  const ids = first.arrived.map(([, id]) => id)
  expect(first.arrived).toEqual(ids.map((id) => ['mail', id]))
  expect(new Set(ids).size).toBe(6)
  first.teller.stop()
  const second = start(() => true, first.disk())
  await vi.advanceTimersByTimeAsync(hour)
  expect(second.arrived).toEqual(ids.map((id) => ['webhook', id]))
  expect(second.disk().queue).toEqual([])
  second.teller.stop()
})

test('what is tried in vain is tried ever more rarely, and at once when a line is back', async () => {
  let works = false
  const { teller, arrived, tried } = start((channel) => channel === 'mail' || works)
  teller.see(uplinks('offline'))
  await vi.advanceTimersByTimeAsync(2 * hour)
  const attempts = tried.filter(([channel]) => channel === 'webhook').length
  expect(attempts).toBeGreaterThan(5)
  expect(attempts).toBeLessThan(25)
  works = true
  teller.see(uplinks('online'))
  await vi.advanceTimersByTimeAsync(6000)
  expect(arrived.filter(([channel]) => channel === 'webhook')).toHaveLength(1)
  teller.stop()
})

test('a disk that takes nothing costs no message', async () => {
  const sent: string[] = []
  const teller = createTeller(notify, { memory: nothingKnown, queue: [] }, 'router', {
    now: Date.now,
    newId: () => `${sent.length}`,
    save: () => {
      throw new Error('ENOSPC')
    },
    send: async (channel) => void sent.push(channel),
  })
  await outage(teller, hour)
  expect(sent).toEqual(['mail', 'webhook', 'mail', 'webhook'])
  teller.stop()
})

test('while nothing can be sent, no more than a bounded number of messages is kept', async () => {
  const { teller, disk } = start(() => false)
  for (let count = 0; count < mostQueued; count += 1) await outage(teller, hour)
  expect(disk().queue).toHaveLength(mostQueued)
  teller.stop()
})

test('a mail has one header a line, whatever the reasons say', () => {
  const message: Message = {
    id: 'a-1',
    at: Date.UTC(2026, 10, 27, 8),
    items: [
      { uplink: 'lte', out: { since: Date.UTC(2026, 10, 27), reason: 'no answer\nBcc: all@example.org\r\n.\r\nü' } },
    ],
  }
  const [headers = '', ...body] = mailOf(message, ['root', 'ann@example.org'], 'röuter').split('\n\n')
  expect(headers.split('\n')).toEqual([
    'To: root, ann@example.org',
    'Subject: r?uter: lte is out',
    'Date: Fri, 27 Nov 2026 08:00:00 +0000',
    'Message-ID: <a-1@localhost>',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ])
  expect(body.join('\n\n')).toMatch(/^lte is out since [^\n]*Bcc: all[^\n]*ü\n$/)
})
