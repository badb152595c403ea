import { expect, test } from 'vitest'
import { act, newTrack } from '../../../../src/daemon/lines/track.ts'
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
    { onEvent: (_, event) => resolve(event), onBroken: () => {} },
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
