/** `ifbalance measure UPLINK --url URL`: fills a line for some seconds, and has the daemon keep what it carried. */
import { askFirst } from '../cli/ask-first.ts'
import { print, printableLines } from '../cli/output.ts'
import { refusedToOthers } from '../cli/root.ts'
import { settings } from '../cli/settings.ts'
import { complain, onlyWord } from '../cli/usage-error.ts'
import { userId } from '../config/users.ts'
import { askDaemon } from '../daemon/control/client.ts'
import { uplinkCalled } from '../daemon/control/switching.ts'
import { readCounters } from '../kernel/devices/counters.ts'
import { daemonUser } from '../layout.ts'
import { connections, download } from '../lines/measure/download.ts'
import { cameBy, measuredRate, type Sample } from '../lines/measure/rate.ts'
import { readSource, type Source } from '../lines/measure/url.ts'
import type { Egress } from '../lines/probes/egress.ts'
import { egressesOf } from '../lines/probes/egresses.ts'
import { leadsElsewhere } from '../lines/probes/elsewhere.ts'
import { resolve } from '../lines/probes/http.ts'
import { withResolvers } from '../lines/probes/resolvers.ts'
import { probeSettings } from '../lines/settings.ts'
import type { Config } from '../model/config.ts'
import type { Observed } from '../model/observed.ts'
import { familyOf } from '../net/valid.ts'
import { log, messageOf } from '../os/log.ts'
import { surveyWithoutRuleset } from '../reconcile/reconcile.ts'
import { getOwn } from '../values/get-own.ts'

interface Call {
  readonly words: readonly string[]
  readonly url: string | undefined
  readonly seconds: string | undefined
  readonly yes: boolean
}

const usualSeconds = 10
const mostSeconds = 60
const lookMs = 250
const resolveMs = 5000
const daemonTimeoutMs = 10_000

/** Resolves with the exit code: 0 where the line was measured, and the daemon keeps it. */
export async function run({ words, url, seconds: wished, yes }: Call): Promise<number> {
  const word = onlyWord(words, 'the name of an uplink, or its interface,')
  if (word === null) return 2
  if (url === undefined) return complain('expected --url, of a large file that may be downloaded')
  const source = readSource(url)
  if (source === null) return complain('--url: expected http://HOST/PATH or https://HOST/PATH')
  const seconds = wished === undefined ? usualSeconds : /^\d{1,2}$/.test(wished) ? Number(wished) : 0
  if (seconds < 2 || seconds > mostSeconds) return complain(`--seconds: expected 2 to ${mostSeconds}`)
  if (refusedToOthers('measure')) return 1
  const { config } = settings()
  const { desired, observed } = await surveyWithoutRuleset(config)
  const uplink = uplinkCalled(word, desired.uplinks)
  if (typeof uplink !== 'string') return complain(uplink.message)
  const egresses = egressesOf(desired.uplinks).filter((egress) => egress.uplink === uplink)
  if (egresses.length === 0) return refuse(`${uplink} has no link`)
  const cost = costOf(uplink, egresses[0]?.device ?? '', seconds, config, observed)
  if (cost !== null && !yes) {
    const isWanted = await askFirst(`${cost} Go on?`)
    if (isWanted === null) return refuse(`${cost} Say --yes where there is no terminal to ask on`)
    if (!isWanted) return refuse('not measured')
  }
  const measured = await asDaemonUser(() => measure(egresses, source, seconds, config, observed))
  if (typeof measured === 'string') return refuse(printableLines(measured))
  const { rate, how } = measured
  print(`${uplink}: ${((8 * rate) / 1e6).toPrecision(3)} Mbit/s down, ${how}.`)
  return keep(uplink, rate)
}

/** What a measurement costs at most, for people; null on a line whose traffic costs nothing. */
function costOf(uplink: string, device: string, seconds: number, config: Config, { spreading }: Observed) {
  const section = config.uplinks.find(({ name }) => name === uplink)
  const { metered } = probeSettings(uplink, device, 'inet', config)
  if (!metered && !section?.quota) return null
  const down = getOwn(spreading?.lines ?? {}, uplink)?.down
  const bits = Math.max(section?.bandwidth?.down ?? 0, down?.capacity ?? 0)
  const bytes = (rate: number) => `${Math.ceil((rate * seconds) / 8e6)} MB`
  const amount =
    bits > 0
      ? `about ${bytes(bits)}, or more where it carries more than the ${Math.round(bits / 1e5) / 10} Mbit/s that are known`
      : `${bytes(1e7)} for each 10 Mbit/s that it carries`
  return `${uplink} is metered: ${seconds} s cost ${amount}.`
}

/** The rate in bytes/s, and how it was measured for people; a text where it was not. */
async function measure(
  egresses: readonly Egress[],
  source: Source,
  seconds: number,
  config: Config,
  observed: Observed,
): Promise<{ readonly rate: number; readonly how: string } | string> {
  const way = await wayTo(source, egresses, config, observed)
  if (typeof way === 'string') return way
  const { egress, address, localAddress } = way
  const samples: Sample[] = []
  const look = () => {
    const bytes = readCounters().get(egress.device)?.rxBytes
    if (bytes !== undefined) samples.push({ at: performance.now(), bytes })
  }
  look()
  const timer = setInterval(look, lookMs)
  let downloaded = 0
  try {
    downloaded = await download({ source, address, localAddress, ms: seconds * 1000 })
  } catch (error) {
    return `${source.hostHeader}: ${messageOf(error)}`
  } finally {
    clearInterval(timer)
    look()
  }
  const rate = measuredRate(samples)
  if (rate === null || !cameBy(samples, downloaded)) return `what was downloaded did not come by ${egress.device}`
  const over = egress.family === 'inet' ? 'IPv4' : 'IPv6'
  return { rate, how: `${(downloaded / 1e6).toFixed(1)} MB in ${seconds} s by ${connections} connections over ${over}` }
}

async function keep(uplink: string, rate: number): Promise<number> {
  const reply = await askDaemon({ do: 'measured', uplink, bytesPerSecond: Math.round(rate) }, daemonTimeoutMs)
  if (reply === null) return refuse('not kept, as no daemon is running')
  if (!reply.ok) return refuse(`not kept: ${printableLines(reply.message)}`)
  print(printableLines(reply.message))
  return 0
}

/**
 * Does it as the daemon's user. Whatever a server sends meets that one, and no rule moves this user's sockets to another
 * uplink, as its probes' are not moved. Where there is no such user, nothing was installed.
 */
async function asDaemonUser<T>(work: () => Promise<T>): Promise<T> {
  const user = userId(daemonUser)
  if (user === null) return await work()
  process.seteuid?.(user)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}

/** The first family in which the host has an address that is reached by the uplink; a text where there is none. */
async function wayTo(source: Source, egresses: readonly Egress[], config: Config, observed: Observed) {
  const problems: string[] = []
  for (const egress of egresses) {
    const family = egress.family === 'inet' ? 'IPv4' : 'IPv6'
    const { source: localAddress } = egress
    if (localAddress === null) {
      problems.push(`it has no ${family} address of its own`)
      continue
    }
    const address = await addressOf(source, egress, config, observed)
    if (address === null) problems.push(`${source.host} has no ${family} address`)
    else if (leadsElsewhere(address, egress, observed.routes)) problems.push(`main leads to ${address} by another way`)
    else return { egress, address, localAddress }
  }
  return problems.join('; ')
}

async function addressOf(source: Source, egress: Egress, config: Config, observed: Observed): Promise<string | null> {
  const family = familyOf(source.host)
  if (family !== null) return family === egress.family ? source.host : null
  const own = probeSettings(egress.uplink, egress.device, egress.family, config)
  const { resolvers } = withResolvers(egress, { ...own, kind: 'http' }, observed)
  return resolve(egress, resolvers, source.host, AbortSignal.timeout(resolveMs)).catch(() => null)
}

function refuse(problem: string): number {
  log.error(`measure: ${problem}`)
  return 1
}
