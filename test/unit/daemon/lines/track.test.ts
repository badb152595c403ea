import { expect, test } from 'vitest'
import { act, keepAskingOthers, newTrack, stopProbing } from '../../../../src/daemon/lines/track.ts'
import { newLine } from '../../../../src/lines/machine.ts'
import type { LineEvent } from '../../../../src/lines/path-health.ts'
import { settingsOf } from '../../lines/simulation.ts'

/** What a burst says that nobody answers, on a line whose probes have this source address. */
async function burstFrom(source: string | null): Promise<LineEvent> {
  const settings = settingsOf({ probe: { kind: 'script', targets: ['/usr/bin/false'] } })
  const way = { uplink: 'wan1', family: 'inet', device: 'lo', gateway: null, source } as const
  const track = newTrack(way, settings, '', newLine(0, settings))
  const { promise, resolve } = Promise.withResolvers<LineEvent>()
  act(
    track,
    { kind: 'burst', timeoutMs: 2000, dueMs: null },
    { onEvent: (_, event) => resolve(event), onTime: () => {}, onBroken: () => {} },
  )
  return await promise
}

test.each([
  ['127.0.0.1', 0],
  [null, 0],
  ['192.0.2.77', 1],
])(
  'from %s, which the host has or not: that nobody answers says nothing of the line where it has gone',
  async (source, unknown) => {
    expect(await burstFrom(source)).toMatchObject({ kind: 'burst', targets: 1, answered: 0, unknown })
  },
)

test.each<[string, Parameters<typeof settingsOf>[0], string | null]>([
  ['a line that costs nothing', {}, '1.1.1.1'],
  ['no metered one', { metered: true }, null],
  ['none whose probes are no echo requests', { probe: { kind: 'dns' } }, null],
])('other targets are asked by %s', (_, section, beside) => {
  const settings = settingsOf(section)
  const way = { uplink: 'wan1', family: 'inet', device: 'lo', gateway: null, source: '127.0.0.1' } as const
  const track = newTrack(way, settings, '', newLine(0, settings))
  track.background = { intervalMs: 1000, stop: () => {} }
  keepAskingOthers(track, true, { onTime: () => {} })
  expect(track.others?.beside ?? null).toBe(beside)
  keepAskingOthers(track, false, { onTime: () => {} })
  expect(track.others).toBeNull()
  stopProbing(track)
})
