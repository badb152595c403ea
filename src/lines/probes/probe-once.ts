/** A single probe of the kinds that need no ping. Sockets are bound to the way's own address, and our rule sends them by it. */
import { connect } from 'node:net'
import { hostOf, portOf } from '../../net/target.ts'
import { hasCode } from '../../os/error.ts'
import { log } from '../../os/log.ts'
import { run } from '../../os/run.ts'
import { isTrusted } from '../../os/trusted.ts'
import type { ProbeSettings } from '../settings.ts'
import { askName } from './dns.ts'
import { fetchPage } from './http.ts'
import { askNeighbour } from './neighbour.ts'
import { waitPatiently } from './patience.ts'
import type { Way } from './way.ts'

export interface Outcome {
  /** How long the answer took; null: none in time, or the wrong one. */
  readonly rttMs: number | null
  /** What was wrong, where that is known. */
  readonly fault?: string
}

/** The answer has to be here in `timeoutMs`. Never throws. */
export async function probeOnce(
  way: Way,
  settings: ProbeSettings,
  target: string,
  timeoutMs: number,
  stopped: AbortSignal,
): Promise<Outcome> {
  const begun = performance.now()
  const late = new AbortController()
  const stop = waitPatiently(timeoutMs, () => late.abort())
  try {
    const signal = AbortSignal.any([stopped, late.signal])
    const fault = await ask(way, settings, target, timeoutMs, signal, stopped)
    if (fault !== null) return { rttMs: null, ...(fault === '' ? {} : { fault }) }
    return { rttMs: stopped.aborted ? null : performance.now() - begun }
  } catch {
    return { rttMs: null }
  } finally {
    stop()
  }
}

/** Null: answered. Else what was wrong, or an empty text. */
async function ask(
  way: Way,
  settings: ProbeSettings,
  target: string,
  timeoutMs: number,
  /** Of both: the time is over, or nobody wants to know any more. */
  signal: AbortSignal,
  stopped: AbortSignal,
): Promise<string | null> {
  const said = (answered: boolean) => (answered ? null : '')
  switch (settings.kind) {
    case 'tcp':
      return said(await connects(hostOf(target), portOf(target, 443), way.source, signal))
    case 'dns':
      return said((await askName(way, hostOf(target), portOf(target, 53), settings.name, signal)) !== null)
    case 'http':
    case 'https':
      return fetchPage(way, target, settings, signal)
    case 'arp':
      return said(await askNeighbour(way, timeoutMs, stopped))
    case 'script':
      return said(await runScript(way, target, timeoutMs))
    case 'icmp':
    case 'none':
      return ''
  }
}

/** Whoever refuses is there, and so is the way to it. */
function connects(host: string, port: number, source: string | null, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, signal, ...(source === null ? {} : { localAddress: source }) })
  socket.once('connect', () => resolve(true))
  socket.once('error', (error) => resolve(hasCode(error, 'ECONNREFUSED')))
  return promise.finally(() => socket.destroy())
}

/** Its exit code 0 says that the line is fine. */
async function runScript(
  { uplink, device, family, source, gateway }: Way,
  path: string,
  timeoutMs: number,
): Promise<boolean> {
  const problem = isTrusted(path)
  if (problem !== null) {
    log.warning(`probing ${uplink}: ${problem}`)
    return false
  }
  const args = [uplink, device, family === 'inet' ? '4' : '6', source ?? '', gateway ?? '']
  await run(path, args, { timeoutMs })
  return true
}
