import { expect, test } from 'vitest'
import type { Answer, IncomingCall } from '../../../../src/os/dbus/connection.ts'
import { createCallQueue } from '../../../../src/os/dbus/queue.ts'

const call = (sender: string): IncomingCall => ({
  ...{
    sender,
    path: '/',
    interface: 'x',
    member: 'Y',
    signature: '',
    isTooLong: false,
    body: () => [],
    interactive: false,
  },
})

/** Answers of a queue whose every call takes for ever, as when polkit asks for a password; who is root and who is not. */
function stuck(users: Readonly<Record<string, number>>) {
  const served: string[] = []
  const queue = createCallQueue(
    ({ sender }) => {
      served.push(sender)
      return new Promise<Answer>(() => undefined)
    },
    async (sender) => users[sender] ?? Promise.reject(new Error('gone')),
  )
  const refused: string[] = []
  return { served, refused, ask: (sender: string) => queue(call(sender), () => refused.push(sender)) }
}

/** All that is under way has been done: the queue rests for as long as it has worked. */
const settled = (served: readonly string[], count: number) => expect.poll(() => served.length).toBe(count)

test('whoever floods by many connections keeps neither root nor another user out', async () => {
  const flood = Array.from({ length: 32 }, (_, i) => `:1.${i}`)
  const { served, refused, ask } = stuck({
    ...Object.fromEntries(flood.map((sender) => [sender, 65534])),
    ...{ ':2.1': 1000, ':3.1': 0, ':3.2': 0 },
  })
  for (let i = 0; i < 64; i++) for (const sender of flood) ask(sender)
  await settled(served, 128)
  expect(refused).toHaveLength(64 * 32 - 128)
  for (let i = 0; i < 64; i++) ask(':2.1')
  await settled(served, 192)
  for (let i = 0; i < 100; i++) ask(':3.1')
  await settled(served, 256)
  expect(served.filter((sender) => sender === ':3.1')).toHaveLength(64)
  ask(':3.2')
  await expect.poll(() => refused.at(-1)).toBe(':3.2')
})

test('calls keep their order while the bus is asked whose they are, and those of nobody knows whom are served', async () => {
  const order: string[] = []
  const queue = createCallQueue(
    async ({ member }) => {
      order.push(member)
      return { ok: true, signature: '', body: [] }
    },
    async () => Promise.reject(new Error('gone')),
  )
  for (const member of ['a', 'b', 'c']) queue({ ...call(':1.1'), member }, () => undefined)
  await expect.poll(() => order).toEqual(['a', 'b', 'c'])
})
