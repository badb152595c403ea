/** A page through one uplink. A captive portal answers with another status, a redirection, or its own text. */
import { once } from 'node:events'
import { type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { isIP } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Failure } from '../../os/error.ts'
import { defaultTargets, type ProbeSettings } from '../settings.ts'
import { askName } from './dns.ts'
import type { Egress } from './egress.ts'
import type { Asking } from './prober.ts'

/** Serves both kinds, http and https: the URL's scheme decides. */
export const page: Asking = {
  how: 'asks',
  bindsTo: 'address',
  needsNames: true,
  ask: ({ egress, settings, target, signal }) => fetchPage(egress, target, settings, signal),
}

const maxBody = 64 * 1024

/** True where the page came with the expected status and text, otherwise what was wrong. Throws where nothing came. */
async function fetchPage(
  egress: Egress,
  url: string,
  { status, body, resolvers }: Pick<ProbeSettings, 'status' | 'body' | 'resolvers'>,
  signal: AbortSignal,
): Promise<true | string> {
  const { protocol, hostname, host, port, pathname, search } = new URL(url)
  const name = hostname.replace(/^\[|\]$/g, '')
  const asked = resolvers.length === 0 ? 'public ones' : `${resolvers.join(', ')}, public ones`
  const address = isIP(name) === 0 ? await resolve(egress, resolvers, name, signal).catch(() => null) : name
  if (address === null) return `no name server answers (${asked})`
  const secure = protocol === 'https:'
  const options = {
    ...{ host: address, port: port === '' ? (secure ? 443 : 80) : Number(port), path: pathname + search, signal },
    ...{ headers: { Host: host, 'User-Agent': 'ifbalance', Connection: 'close' }, agent: false as const },
    ...(egress.source === null ? {} : { localAddress: egress.source }),
  }
  const sent = secure
    ? secureRequest({ ...options, ...(isIP(name) === 0 ? { servername: name } : {}) })
    : plainRequest(options)
  sent.end()
  const [answer] = (await once(sent, 'response', { signal })) as [IncomingMessage]
  try {
    if (answer.statusCode !== status) return `status ${answer.statusCode}`
    return body === null || (await textOf(answer)).includes(body) ? true : 'another text'
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

/** How long the line's own name servers have, before others are asked, too. */
const ownFirstMs = 100

/**
 * An address of a host name. The line's own name servers are asked first, as some providers let nobody ask others, and
 * then public ones through the same line. The host's own may be reached by another line, or be what is dead. Throws
 * where none answers.
 */
export async function resolve(
  egress: Egress,
  own: readonly string[],
  name: string,
  signal: AbortSignal,
): Promise<string> {
  const ask = async (server: string) => {
    const [address] = (await askName(egress, server, 53, name, signal)) ?? []
    if (address === undefined) throw new Failure('no-answer', `${name}: no address`)
    return address
  }
  const first = own.map(ask)
  const ownFirst = own.length === 0 ? Promise.resolve() : pause(ownFirstMs, undefined, { signal })
  const others = defaultTargets[egress.family].map((server) => ownFirst.then(() => ask(server)))
  return await Promise.any([...first, ...others])
}
