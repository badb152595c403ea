/**
 * Programs that send are not run by the teller of outages, whose sandbox takes their rights (mail programs are set-gid). By
 * a socket systemd starts a process of the same user without that sandbox for each message: it gets the message, sends
 * it, and answers.
 */
import { connect, type Socket } from 'node:net'
import { paths } from '../layout.ts'
import type { NotifyConfig } from '../model/config.ts'
import { type Channel, channels, type Message } from '../model/notify.ts'
import { Failure, hasCode } from '../os/error.ts'
import { messageOf } from '../os/log.ts'
import { messageIn } from '../store/notify.ts'
import { stringOf } from '../values/checked.ts'
import { senders } from './senders.ts'

const answerMs = 90_000
const mostBytes = 1024 * 1024

/**
 * Sends a message by one channel: programs by systemd, or, where it has no such socket, from here. Throws an Error for
 * people where it is not sent.
 */
export async function send(channel: Channel, message: Message, to: NotifyConfig, host: string): Promise<void> {
  if (channel === 'webhook') return senders.webhook(message, to, host)
  const answer = await handOver(JSON.stringify({ channel, message }))
  if (answer === null) return senders[channel](message, to, host)
  const problem: unknown = JSON.parse(answer)
  if (problem !== null) throw new Failure('not-sent', stringOf(problem) || 'an answer that is none')
}

/** The other end: sends what was handed over, and gives the answer. Never throws. */
export async function sendHandedOver(request: string, to: NotifyConfig, host: string): Promise<string> {
  try {
    const { channel, message } = JSON.parse(request) as { readonly channel: unknown; readonly message: unknown }
    const known = channels.find((one) => one === channel)
    const read = messageIn(message)
    if (known === undefined || read === null) throw new Failure('malformed', 'no message')
    if (to[known] === undefined) throw new Failure('not-sent', `the configuration has no ${known}`)
    await senders[known](read, to, host)
    return 'null\n'
  } catch (error) {
    return `${JSON.stringify(messageOf(error))}\n`
  }
}

/** All that the stream gives until its end, within a bound. */
export async function readAll(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array)
    length += bytes.length
    if (length > mostBytes) throw new Failure('too-large', `more than ${mostBytes} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The answer; null where there is no such socket. */
async function handOver(request: string): Promise<string | null> {
  const socket = connect(paths.notifySocket)
  socket.setTimeout(answerMs, () => socket.destroy(new Failure('timeout', `no answer within ${answerMs} ms`)))
  try {
    await connected(socket)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ECONNREFUSED')) return null
    throw error
  }
  try {
    socket.end(request)
    return await readAll(socket)
  } finally {
    socket.destroy()
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
}
