/** Random hours of several lines against a plain account of what happened: what was told must be that, once, and not too often. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Item, type Memory, type Message, nothingKnown } from '../../../src/model/notify.ts'
import { dueAt, endOfQuiet, mostAnHour, nextMessage } from '../../../src/notify/messages.ts'
import { afterLook, nextLookAt, type SeenUplink } from '../../../src/notify/outages.ts'
import { bodyOf, subjectOf } from '../../../src/notify/text.ts'

const second = 1000
const hour = 3600 * second
const patience = { afterMs: 30 * second, settleMs: 10 * second }
const start = new Date(2026, 10, 27, 12, 0, 0).getTime()
type Quiet = { readonly from: number; readonly until: number }

interface Change {
  readonly afterMs: number
  readonly uplink: string
  readonly state: string
}

const names = ['wan1', 'wan2', 'constructor'] as const

function uplink(name: string, state = 'online', since = start): SeenUplink {
  return { name, state, since, standby: false, quotaUsed: 0, reason: state === 'online' ? '' : 'nothing answers' }
}

/** Plays the changes, looking when they happen and when a look is due, until everything is told. */
function play(changes: readonly Change[], quiet?: Quiet, forgetAt: readonly number[] = []): readonly Message[] {
  const terms = quiet ? { quiet } : {}
  let lines: readonly SeenUplink[] = names.map((name) => uplink(name))
  let memory: Memory = nothingKnown
  const messages: Message[] = []
  const look = (now: number) => {
    memory = afterLook(memory, lines, now, patience)
    const made = nextMessage(memory, now, terms, () => `m${messages.length}`)
    if (made === null) return
    messages.push(made.message)
    memory = made.memory
  }
  const passTo = (end: number) => {
    for (;;) {
      const due = Math.min(nextLookAt(memory, patience), dueAt(memory, now, terms))
      if (due > end) break
      now = Math.max(now, due)
      look(now)
    }
    now = Math.max(now, end)
  }
  let now = start
  look(now)
  for (const [index, { afterMs, uplink: name, state }] of changes.entries()) {
    passTo(now + afterMs)
    lines = lines.map((line) => (line.name === name && line.state !== state ? uplink(name, state, now) : line))
    // A restart has what is on the disk, which is all that there is.
    if (forgetAt.includes(index)) memory = structuredClone(memory)
    look(now)
  }
  lines = names.map((name) => {
    const line = lines.find((one) => one.name === name)
    return line?.state === 'online' ? line : uplink(name, 'online', now)
  })
  look(now)
  passTo(now + 48 * hour)
  return messages
}

/** The outages of one uplink that were to be told, from its changes alone. */
function outagesOf(name: string, changes: readonly Change[]): readonly { since: number; until: number }[] {
  let at = start
  const spans: { since: number; until: number }[] = []
  let since: number | null = null
  const step = (state: string) => {
    if (state === 'online' && since !== null) {
      spans.push({ since, until: at })
      since = null
    } else if (state !== 'online') since ??= at
  }
  for (const change of changes) {
    at += change.afterMs
    if (change.uplink === name) step(change.state)
  }
  step('online')
  const told: { since: number; until: number }[] = []
  for (const span of spans) {
    const before = told.at(-1)
    if (before && span.since - before.until < patience.settleMs) before.until = span.until
    else if (span.until - span.since >= patience.afterMs) told.push({ ...span })
  }
  return told
}

const change = fc.record({
  afterMs: fc.oneof(
    fc.integer({ min: 1, max: 9 }).map((value) => value * second),
    fc.integer({ min: 11, max: 29 }).map((value) => value * second),
    fc.integer({ min: 31, max: 600 }).map((value) => value * second),
    fc.integer({ min: 1, max: 6 }).map((value) => value * hour),
  ),
  uplink: fc.constantFrom(...names),
  state: fc.constantFrom('online', 'offline', 'down'),
})
const changes = fc.array(change, { maxLength: 120 })
const quiets = fc.option(
  fc.constantFrom({ from: 23 * 60, until: 7 * 60 }, { from: 12 * 60, until: 13 * 60 }, { from: 0, until: 1439 }),
  { nil: undefined },
)

const itemsOf = (messages: readonly Message[], name: string) =>
  messages.flatMap(({ items }) => items).filter((item) => item.uplink === name)

/** Beginnings and ends that the items tell. */
function account(items: readonly Item[]) {
  const whole = items.reduce((sum, item) => sum + (item.whole?.count ?? 0), 0)
  const begun = items.filter((item) => item.out).length
  const ended = items.filter((item) => item.back)
  const totalMs = items.reduce(
    (sum, { back, whole: all }) => sum + (back ? back.until - back.since : 0) + (all?.totalMs ?? 0),
    0,
  )
  return { begun: begun + whole, ended: ended.length + whole, totalMs }
}

test('every outage that lasts is told, with its end, and none twice; what is short is not', () => {
  fc.assert(
    fc.property(changes, quiets, (all, quiet) => {
      const messages = play(all, quiet)
      for (const name of names) {
        const wanted = outagesOf(name, all)
        const totalMs = wanted.reduce((sum, { since, until }) => sum + until - since, 0)
        expect(account(itemsOf(messages, name))).toEqual({ begun: wanted.length, ended: wanted.length, totalMs })
      }
    }),
    { numRuns: 300 },
  )
})

test('never more messages in an hour than are bearable, and none in quiet hours', () => {
  const flapping = fc.array(
    fc.record({
      ...{ uplink: fc.constantFrom(...names), state: fc.constantFrom('online', 'offline') },
      afterMs: fc.integer({ min: 5, max: 60 }).map((value) => value * second),
    }),
    { minLength: 100, maxLength: 400 },
  )
  fc.assert(
    fc.property(fc.oneof(changes, flapping), quiets, (all, quiet) => {
      const times = play(all, quiet).map(({ at }) => at)
      for (const at of times) {
        expect(times.filter((other) => other >= at && other < at + hour).length).toBeLessThanOrEqual(mostAnHour)
        if (quiet) expect(endOfQuiet(at, quiet)).toBe(at)
      }
    }),
    { numRuns: 200 },
  )
})

test('a restart at any moment changes nothing', () => {
  fc.assert(
    fc.property(changes, fc.array(fc.nat(120)), (all, restarts) => {
      expect(play(all, undefined, restarts)).toEqual(play(all))
    }),
    { numRuns: 100 },
  )
})

describe('one line', () => {
  const at = (seconds: number) => start + seconds * second
  const two = (state: string, since: number, more: Partial<SeenUplink> = {}) => [
    uplink('wan1'),
    { ...uplink('wan2', state, since), ...more },
  ]
  const look = (memory: Memory, lines: readonly SeenUplink[], seconds: number) =>
    afterLook(memory, lines, at(seconds), patience)
  const make = (memory: Memory, seconds: number) => nextMessage(memory, at(seconds), {}, () => 'id')

  test('the beginning is told when it has lasted, the end with the duration when it has settled', () => {
    const begun = look(nothingKnown, two('offline', at(0)), 0)
    expect(nextLookAt(begun, patience)).toBe(at(30))
    const told = make(look(begun, two('offline', at(0)), 30), 30)
    if (!told) throw new Error('nothing told')
    expect(subjectOf(told.message, 'router')).toBe('router: wan2 is out')
    expect(bodyOf(told.message)).toBe('wan2 is out since 2026-11-27 12:00:00: nothing answers\n')
    const back = look(told.memory, two('online', at(100)), 100)
    expect(make(back, 100)).toBeNull()
    const over = make(look(back, two('online', at(100)), 110), 110)
    if (!over) throw new Error('nothing told')
    expect(subjectOf(over.message, 'router')).toBe('router: wan2 is back')
    expect(bodyOf(over.message)).toBe(
      'wan2 is back since 2026-11-27 12:01:40, after 100 s (out since 2026-11-27 12:00:00)\n',
    )
  })

  test('what takes an uplink out on purpose is no outage, and ends one', () => {
    expect(look(nothingKnown, two('disabled', at(0)), 60).outages.size).toBe(0)
    const told = make(look(nothingKnown, two('down', at(0)), 60), 60)
    const over = told && make(look(told.memory, two('disabled', at(70)), 70), 70)
    expect(over && bodyOf(over.message)).toMatch(/^wan2 is disabled since .* after 70 s/)
    const gone = told && make(look(told.memory, [uplink('wan1')], 80), 80)
    expect(gone && bodyOf(gone.message)).toMatch(/^wan2 is no uplink any more/)
  })

  test('a standby uplink that dies is told as one that nothing would have noticed', () => {
    const told = make(look(nothingKnown, two('offline', at(0), { standby: true }), 60), 60)
    expect(told && bodyOf(told.message)).toMatch(/^wan2 \(standby\) is out since .*, and nothing uses it/)
  })

  test('when the last one dies, that is told besides, and when one is back', () => {
    const dead = [uplink('wan1', 'down', at(0)), uplink('wan2', 'offline', at(5))]
    const begun = look(look(nothingKnown, dead, 5), dead, 40)
    const told = make(begun, 40)
    expect(told && subjectOf(told.message, 'router')).toBe('router: no uplink works, and 2 more')
    expect(told && bodyOf(told.message)).toContain('no uplink works since 2026-11-27 12:00:05\n')
    const one = [uplink('wan1', 'down', at(0)), uplink('wan2', 'online', at(60))]
    const back = told && make(look(look(told.memory, one, 61), one, 70), 70)
    expect(back && bodyOf(back.message)).toMatch(
      /^an uplink works again since 2026-11-27 12:01:00, after 55 s.*\nwan2 is back since/,
    )
  })

  test('a quota is told at 80 and at 100 %, once each, and again in the next month', () => {
    let memory = nothingKnown
    const told: string[] = []
    for (const [index, quotaUsed] of [0.1, 0.79, 0.8, 0.85, 0.99, 1, 1.2, 0, 0.82].entries()) {
      memory = look(memory, two('online', start, { quotaUsed }), index)
      const made = make({ ...memory, madeAt: [] }, index)
      if (!made) continue
      told.push(bodyOf(made.message))
      memory = made.memory
    }
    const line = (percent: number) => `wan2 has used ${percent} % of its quota\n`
    expect(told).toEqual([line(80), line(100), line(80)])
  })

  test('what comes too fast is one message with the number of outages and their sum', () => {
    const flaps = Array.from(
      { length: 40 },
      (_, index): Change => ({
        ...{ afterMs: 40 * second, uplink: 'wan2' },
        state: index % 2 === 0 ? 'offline' : 'online',
      }),
    )
    const texts = play(flaps).map(bodyOf)
    expect(texts.length).toBeLessThanOrEqual(mostAnHour)
    expect(texts.join('')).toMatch(/wan2 was out \d+ times from .* min in all/)
  })
})

test('quiet hours end on the same day or on the next one', () => {
  const quiet = { from: 23 * 60, until: 7 * 60 }
  const on = (day: number, hours: number, minutes = 0) => new Date(2026, 10, day, hours, minutes).getTime()
  expect(endOfQuiet(on(27, 22, 59), quiet)).toBe(on(27, 22, 59))
  expect(endOfQuiet(on(27, 23), quiet)).toBe(on(28, 7))
  expect(endOfQuiet(on(28, 6, 59), quiet)).toBe(on(28, 7))
  expect(endOfQuiet(on(28, 7), quiet)).toBe(on(28, 7))
})
