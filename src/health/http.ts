/** A page through one uplink: a captive portal answers with another status, a redirection, or its own text. */
import { once } from 'node:events'
import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { isIP } from 'node:net'
import { askName } from './dns.ts'
import type { Way } from './probes.ts'
import { defaultTargets, type ProbeSettings } from './settings.ts'

const maxBody = 64 * 1024

/** Whether the page came with the expected status and text. Throws where nothing came. */
export async function fetchPage(
  way: Way,
  url: string,
  { status, body }: Pick<ProbeSettings, 'status' | 'body'>,
  signal: AbortSignal,
): Promise<boolean> {
  const { protocol, hostname, host, port, pathname, search } = new URL(url)
  const name = hostname.replace(/^\[|\]$/g, '')
  const address = isIP(name) === 0 ? await resolve(way, name, signal) : name
  const secure = protocol === 'https:'
  const options = {
    ...{ host: address, port: port === '' ? (secure ? 443 : 80) : Number(port), path: pathname + search, signal },
    ...{ headers: { Host: host, 'User-Agent': 'ifbalance', Connection: 'close' }, agent: false as const },
    ...(way.source === null ? {} : { localAddress: way.source }),
  }
  const sent = secure
    ? secureRequest({ ...options, ...(isIP(name) === 0 ? { servername: name } : {}) })
    : plainRequest(options)
  sent.end()
  const [answer] = (await once(sent, 'response', { signal })) as [IncomingMessage]
  try {
    return answer.statusCode === status && (body === null || (await textOf(answer)).includes(body))
  } finally {
    sent.on('error', () => undefined)
    sent.destroy()
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer) {
    text += String(chunk)
    if (text.length > maxBody) break
  }
  return text
}

/** By the public resolvers through the same uplink: the host's own may be reached by another, or be what is dead. */
async function resolve(way: Way, name: string, signal: AbortSignal): Promise<string> {
  const answers = defaultTargets[way.family].map(async (server) => {
    const [address] = (await askName(way, server, 53, name, signal)) ?? []
    if (address === undefined) throw new Error(`${name}: no address`)
    return address
  })
  return await Promise.any(answers)
}
