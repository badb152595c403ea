import { beforeEach, expect, test } from 'vitest'
import { keepStateTimes } from '../../../src/daemon/state-times.ts'
import type { StateTimes } from '../../../src/model/state-times.ts'
import type { UplinkState } from '../../../src/model/uplink.ts'
import type { Status } from '../../../src/status/status.ts'

let [wall, up] = [0, 0]
let written: StateTimes = {}
beforeEach(() => {
  wall = 1_790_000_000_000
  up = 60_000
  written = {}
})

function pass(ms: number): void {
  wall += ms
  up += ms
}

function start(before: StateTimes = {}) {
  const doors = { load: () => before, save: (times: StateTimes) => (written = times) }
  const times = keepStateTimes({ join: () => undefined }, { ...doors, wallMs: () => wall, uptimeMs: () => up })
  return (states: Readonly<Record<string, UplinkState>>) => {
    const uplinks = Object.entries(states).map(([name, state]) => ({ name, state }))
    return times.added({ uplinks } as unknown as Status).uplinks.map(({ since }) => since)
  }
}

test('a state began when it was first seen, and a suspicion that was unfounded begins none', () => {
  const see = start()
  const [began, ...rest] = see({ dsl: 'online', lte: 'down' })
  expect([began, ...rest]).toEqual([wall, wall])
  pass(5000)
  expect(see({ dsl: 'suspect', lte: 'down' })).toEqual([began, began])
  pass(400)
  expect(see({ dsl: 'online', lte: 'unconfigured' })).toEqual([began, wall])
  expect(written).toEqual({ dsl: { state: 'online', since: began }, lte: { state: 'unconfigured', since: wall } })
  pass(1000)
  expect(see({ dsl: 'suspect' })).toEqual([began])
  pass(400)
  expect(see({ dsl: 'offline' })).toEqual([wall])
  // Forgotten meanwhile.
  expect(see({ dsl: 'offline', lte: 'unconfigured' })).toEqual([wall, wall])
})

test('who was dead is so until it answers; and is told so', () => {
  const see = start({ dsl: { state: 'offline', since: wall - 60_000 } })
  expect(see({ dsl: 'suspect' })).toEqual([wall - 60_000])
  pass(400)
  expect(see({ dsl: 'online' })).toEqual([wall])
})

test('a daemon goes on where the one before it was, unless the state is another', () => {
  const earlier = wall - 3 * 3600_000
  const see = start({ dsl: { state: 'down', since: earlier }, lte: { state: 'online', since: earlier } })
  expect(see({ dsl: 'down', lte: 'offline' })).toEqual([earlier, wall])
  pass(1000)
  // What it has not seen itself, it knows of its first look alone.
  see({ lte: 'offline' })
  expect(see({ dsl: 'down', lte: 'offline' })).toEqual([wall, wall - 1000])
})

test('a date that was wrong when the host booted, and is set later, changes no span', () => {
  wall = 3600_000
  const see = start()
  see({ dsl: 'down' })
  up += 20_000
  wall = 1_790_000_000_000
  expect(see({ dsl: 'down' })).toEqual([wall - 20_000])
  // Corrections of a clock that drifts are no news.
  up += 10_000
  wall += 9_990
  expect(see({ dsl: 'down' })).toEqual([1_790_000_000_000 - 20_000])
})
