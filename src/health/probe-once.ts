/** A single probe of the kinds that need no ping. Sockets are bound to the way's own address, and our rule sends them by it. */
import { connect } from 'node:net'
import { hasCode } from '../os/files.ts'
import { log } from '../os/log.ts'
import { run } from '../os/run.ts'
import { isTrusted } from '../os/trusted.ts'
import { askName } from './dns.ts'
import { fetchPage } from './http.ts'
import { askNeighbour } from './neighbour.ts'
import { waitPatiently } from './patience.ts'
import type { Way } from './probes.ts'
import type { ProbeSettings } from './settings.ts'
import { hostOf, portOf } from './target.ts'

/** How long the answer took in ms, or null: none in `timeoutMs`, or the wrong one. Never throws. */
export async function probeOnce(
  way: Way,
  settings: ProbeSettings,
  target: string,
  timeoutMs: number,
  stopped: AbortSignal,
): Promise<number | null> {
  const begun = performance.now()
  const late = new AbortController()
  const stop = waitPatiently(timeoutMs, () => late.abort())
  try {
    const signal = AbortSignal.any([stopped, late.signal])
    const answered = await ask(way, settings, target, timeoutMs, signal, stopped)
    return answered && !stopped.aborted ? performance.now() - begun : null
  } catch {
    return null
  } finally {
    stop()
  }
}

async function ask(
  way: Way,
  settings: ProbeSettings,
  target: string,
  timeoutMs: number,
  /** Of both: the time is over, or nobody wants to know any more. */
  signal: AbortSignal,
  stopped: AbortSignal,
): Promise<boolean> {
  switch (settings.kind) {
    case 'tcp':
      return connects(hostOf(target), portOf(target, 443), way.source, signal)
    case 'dns':
      return (await askName(way, hostOf(target), portOf(target, 53), settings.name, signal)) !== null
    case 'http':
    case 'https':
      return fetchPage(way, target, settings, signal)
    case 'arp':
      return askNeighbour(way, timeoutMs, stopped)
    case 'script':
      return runScript(way, target, timeoutMs)
    case 'icmp':
    case 'none':
      return false
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
