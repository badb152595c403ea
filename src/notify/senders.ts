/** The ways to send a message, one for each channel. */
import { existsSync, readFileSync } from 'node:fs'
import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { rootCertificates } from 'node:tls'
import { optionalPrograms } from '../layout.ts'
import type { NotifyConfig } from '../model/config.ts'
import type { Channel, Message } from '../model/notify.ts'
import { Failure } from '../os/error.ts'
import { requireProgram, run } from '../os/run.ts'
import { isTrusted } from '../os/trusted.ts'
import { bodyOf, subjectOf } from './text.ts'

const programMs = 60_000
const webhookMs = 20_000
/** Debian's ca-certificates, where an administrator adds their own. */
const certificates = '/etc/ssl/certs/ca-certificates.crt'

/** Each resolves when the message is handed over, and throws an Error for people where it is not. */
export const senders: Readonly<Record<Channel, (message: Message, to: NotifyConfig, host: string) => Promise<void>>> = {
  mail: async (message, { mail = [] }, host) => {
    requireProgram(optionalPrograms.sendmail)
    const input = mailOf(message, mail, host)
    await run(optionalPrograms.sendmail, ['-i', '-t'], { input, timeoutMs: programMs })
  },
  command: async (message, { command: [program = '', ...args] = [] }, host) => {
    const problem = isTrusted(program)
    if (problem !== null) throw new Failure('not-sent', `${program}: not run, ${problem}`)
    const env = { SUBJECT: subjectOf(message, host), JSON: jsonOf(message, host) }
    await run(program, args, { input: bodyOf(message), env, timeoutMs: programMs, maxOutput: 64 * 1024 })
  },
  webhook: async (message, { webhook = '' }, host) => post(webhook, jsonOf(message, host)),
}

/** What programs get; `format` as in `ifbalance status --json`. */
function jsonOf(message: Message, host: string): string {
  const { id, at, items } = message
  const time = new Date(at).toISOString()
  return JSON.stringify({ format: 1, id, host, time, subject: subjectOf(message, host), text: bodyOf(message), items })
}

/** The mail server adds who sends it. Every value is one line of our own making, or was checked with the configuration. */
export function mailOf(message: Message, to: readonly string[], host: string): string {
  return [
    `To: ${to.join(', ')}`,
    `Subject: ${subjectOf(message, host).replaceAll(/[^\x20-\x7e]/g, '?')}`,
    `Date: ${new Date(message.at).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${message.id}@${/^[A-Za-z0-9.-]+$/.test(host) ? host : 'localhost'}>`,
    // RFC 3834: no vacation program answers.
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    // RFC 5322 allows no lines of more than 998 bytes.
    ...bodyOf(message)
      .split('\n')
      .map((line) => line.slice(0, 240)),
  ].join('\n')
}

async function post(url: string, body: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const isSecure = url.startsWith('https:')
  const options = {
    method: 'POST',
    signal: AbortSignal.timeout(webhookMs),
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      'User-Agent': 'ifbalance',
    },
    agent: false as const,
    ...(isSecure && existsSync(certificates) && { ca: [...rootCertificates, readFileSync(certificates, 'utf8')] }),
  }
  const sent = isSecure ? secureRequest(url, options) : plainRequest(url, options)
  sent.on('response', resolve)
  sent.on('error', reject)
  sent.end(body)
  try {
    const { statusCode = 0 } = await promise
    if (statusCode < 200 || statusCode > 299) throw new Failure('not-sent', `status ${statusCode}`)
  } finally {
    sent.destroy()
  }
}
