/** Loads a line on purpose: one file, by several connections that are bound to the line's address, again and again. */
import { once } from 'node:events'
import { type ClientRequestArgs, type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { isIP } from 'node:net'
import { Failure } from '../../os/error.ts'
import { messageOf } from '../../os/log.ts'
import type { Source } from './url.ts'

/** So many connections fill a line that one alone would not: its window, or the server, may be too small. */
export const connections = 4
/** A smaller file is mostly waiting. */
const leastBytes = 1_000_000
/** How long a server may take to begin, or pause. */
const patienceMs = 10_000

export interface Plan {
  readonly source: Source
  /** What the source's host has been resolved to. */
  readonly address: string
  readonly localAddress: string
  readonly ms: number
}

/** Bytes of files that came within the time. Throws a Failure where a connection says that there is nothing to measure. */
export async function download(plan: Plan): Promise<number> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), plan.ms)
  const agent = plan.source.secure ? new SecureAgent({ keepAlive: true }) : new PlainAgent({ keepAlive: true })
  try {
    const all = await Promise.all(
      Array.from({ length: connections }, () => again(plan, agent, stop.signal).catch((error) => failed(error, stop))),
    )
    return all.reduce((sum, bytes) => sum + bytes, 0)
  } finally {
    clearTimeout(timer)
    agent.destroy()
  }
}

function failed(error: unknown, stop: AbortController): never {
  stop.abort()
  throw new Failure('no-answer', messageOf(error), { cause: error })
}

async function again(plan: Plan, agent: PlainAgent | SecureAgent, signal: AbortSignal): Promise<number> {
  let bytes = 0
  while (!signal.aborted) {
    const one = await fetchOnce(plan, agent, signal)
    bytes += one
    if (one < leastBytes && !signal.aborted)
      throw new Failure('malformed', `the file has ${one} bytes: expected one of ${leastBytes / 1e6} MB at least`)
  }
  return bytes
}

/** Bytes of the file, or of what came of it before the time was over. */
async function fetchOnce(plan: Plan, agent: PlainAgent | SecureAgent, signal: AbortSignal): Promise<number> {
  const { source, address, localAddress } = plan
  const options: ClientRequestArgs = {
    ...{ host: address, port: source.port, path: source.path, localAddress, agent, signal, timeout: patienceMs },
    headers: { Host: source.hostHeader, 'User-Agent': 'ifbalance', 'Accept-Encoding': 'identity' },
  }
  const sent = source.secure
    ? secureRequest({ ...options, ...(isIP(source.host) === 0 && { servername: source.host }) })
    : plainRequest(options)
  sent.once('timeout', () => sent.destroy(new Failure('timeout', `nothing comes for ${patienceMs / 1000} s`)))
  sent.end()
  let bytes = 0
  try {
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    if (answer.statusCode !== 200) throw new Failure('malformed', `status ${answer.statusCode}: expected 200`)
    for await (const chunk of answer) bytes += (chunk as Buffer).length
    return bytes
  } catch (error) {
    if (signal.aborted) return bytes
    throw error
  } finally {
    sent.on('error', () => undefined)
    if (signal.aborted) sent.destroy()
  }
}
