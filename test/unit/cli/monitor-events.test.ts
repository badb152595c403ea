import { expect, test } from 'vitest'
import { events, type MonitorEvent } from '../../../src/cli/monitor-events.ts'
import type { Bus, Match, MethodCall, Signal } from '../../../src/os/dbus/bus.ts'

const path = '/org/ifbalance1/uplink/1'

/** A daemon with one uplink, of this state; `afterAnswer` is told with an answer, before whoever asked has it. */
function fakeBus(afterAnswer: (say: (state: string) => void, answers: number) => void) {
  const listeners: { readonly match: Match; readonly onSignal: (signal: Signal) => void }[] = []
  let state = 'unknown'
  let answers = 0
  const say = (next: string) => {
    state = next
    const sent = { sender: ':1.1', path, interface: 'org.freedesktop.DBus.Properties', member: 'PropertiesChanged' }
    for (const { match, onSignal } of listeners)
      if (match.member === sent.member) onSignal({ ...sent, body: ['org.ifbalance1.Uplink', { State: next }, []] })
  }
  const bus: Pick<Bus, 'call' | 'subscribe' | 'watchOwner'> = {
    call: async ({ member }: MethodCall) => {
      if (member === 'GetAll') return [{ Mode: 'connection', HeldDown: false }]
      const answer = [{ [path]: { 'org.ifbalance1.Uplink': { Name: 'wan1', State: state } } }]
      answers += 1
      afterAnswer(say, answers)
      return answer
    },
    subscribe: (match, onSignal) => {
      listeners.push({ match, onSignal })
      return () => undefined
    },
    watchOwner: (_, onOwner) => {
      onOwner(':1.1')
      return () => undefined
    },
  }
  return { bus: bus as Bus, say }
}

const uplinks = (told: readonly MonitorEvent[]) =>
  told.flatMap((event) => (event.event === 'uplink' ? [event.uplink['State']] : []))

test('what is signalled with the answer, and heard before it, is in what is told', async () => {
  const told: MonitorEvent[] = []
  const { bus, say } = fakeBus((say, answers) => answers === 1 && say('online'))
  const stop = events(bus, (event) => told.push(event))
  await expect.poll(() => uplinks(told)).toEqual(['online'])
  say('down')
  expect(told.at(-1)).toMatchObject({
    event: 'changed',
    name: 'wan1',
    changes: { State: { from: 'online', to: 'down' } },
  })
  stop()
})

test('a daemon that never rests is told all the same', async () => {
  const told: MonitorEvent[] = []
  const { bus } = fakeBus((say, answers) => say(String(answers)))
  const stop = events(bus, (event) => told.push(event))
  await expect.poll(() => uplinks(told)).toHaveLength(1)
  stop()
})
