/**
 * Programs that send are not run by the teller of outages, whose sandbox takes their rights (mail programs are set-gid). By
 * a socket systemd starts a process of the same user without that sandbox for each message: it gets the message, sends
 * it, and answers.
 */
import { paths } from '../layout.ts'
import type { NotifyConfig } from '../model/config.ts'
import { type Channel, channels, type Message } from '../model/notify.ts'
import { Failure } from '../os/error.ts'
import { handOver } from '../os/handover.ts'
import { messageOf } from '../os/log.ts'
import { messageIn } from '../store/notify.ts'
import { stringOf } from '../values/checked.ts'
import { senders } from './senders.ts'

const answerMs = 90_000

/**
 * Sends a message by one channel: programs by systemd, or, where it has no such socket, from here. Throws an Error for
 * people where it is not sent.
 */
export async function send(channel: Channel, message: Message, to: NotifyConfig, host: string): Promise<void> {
  if (channel === 'webhook') return senders.webhook(message, to, host)
  const answer = await handOver(paths.notifySocket, JSON.stringify({ channel, message }), answerMs)
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
