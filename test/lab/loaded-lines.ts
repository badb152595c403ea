/** Transfers from the LAN over shaped lines, and what these carry. */
import { command, inNamespace, monotonicMs, type Running, start, waitForLine } from './command.ts'
import { addresses } from './names.ts'
import type { Network } from './network.ts'
import { carriedBytes, type Path, shape } from './shaped-lines.ts'

export interface Lines {
  /** Mbit/s of each line. */
  readonly down: readonly number[]
  readonly up: readonly number[]
  readonly way: 'down' | 'up'
  readonly path?: Path
  /** What becomes of them, the earliest first. */
  readonly later?: readonly Change[]
}

/** So many seconds after the load began, the line of this index has another rate in the way that is loaded. */
interface Change {
  readonly at: number
  readonly line: number
  readonly mbit: number
}

export interface Clients {
  readonly concurrent: number
  readonly bytes: number
}

const port = 7002

const argv = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  `${import.meta.dirname}/../bench/programs/download.ts`,
]

export async function shapeLines({ isps }: Network, { down, up, path }: Lines): Promise<void> {
  for (const [i, isp] of isps.entries()) await shape(isp, down[i] ?? 0, up[i] ?? 0, path)
}

/** Serves transfers in the internet until it is stopped. */
export async function serveTransfers({ internet }: Network, bytes: number, way: Lines['way']): Promise<Running> {
  const server = await start(inNamespace(internet, [...argv, 'serve', JSON.stringify({ port, bytes, way })]))
  await waitForLine(server, (line) => line === 'ready')
  return server
}

export interface Carried {
  /** For each pair of times, the part of the sum of all lines that was carried. */
  readonly shares: readonly number[]
  /** How long transfers took that ended within the last pair of times, in ms, and when they began, in ms since the load did. */
  readonly times: readonly number[]
  readonly begun: readonly number[]
  readonly failed: number
}

/** `spans`: seconds since the load began, one after the other. */
export async function load(
  network: Network,
  lines: Lines,
  clients: Clients,
  spans: readonly (readonly [number, number])[],
): Promise<Carried> {
  const [first, last] = spans.at(-1) ?? [0, 0]
  const plan = {
    ...clients,
    host: addresses.server,
    port,
    way: lines.way,
    warmUpMs: first * 1000,
    ms: (last - first) * 1000,
  }
  const begun = monotonicMs()
  const loading = command(inNamespace(network.lan, [...argv, JSON.stringify(plan)]), { timeoutMs: (last + 60) * 1000 })
  const until = (second: number) =>
    new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + second * 1000 - monotonicMs())))
  const changing = change(network, lines, until)
  const at = async (second: number) => {
    await until(second)
    return { bytes: await carriedBytes(network.isps, lines.way), seconds: (monotonicMs() - begun) / 1000 }
  }
  const shares: number[] = []
  for (const [from, to] of spans) {
    const [before, after] = [await at(from), await at(to)]
    const bits = 8 * after.bytes.reduce((all, bytes, i) => all + bytes - (before.bytes[i] ?? 0), 0)
    shares.push(bits / couldBe(lines, before.seconds, after.seconds))
  }
  await changing
  const { times, begun: beginnings, failed }: Omit<Carried, 'shares'> = JSON.parse((await loading).stdout)
  return { shares, times, begun: beginnings, failed }
}

async function change(
  { isps }: Network,
  { down, up, way, path, later = [] }: Lines,
  until: (second: number) => unknown,
) {
  for (const { at, line, mbit } of later) {
    await until(at)
    const isp = isps[line]
    if (isp) await shape(isp, way === 'down' ? mbit : (down[line] ?? 0), way === 'up' ? mbit : (up[line] ?? 0), path)
  }
}

/** Bits that all lines together could carry between two times, in seconds since the load began. */
function couldBe({ later = [], way, ...lines }: Lines, from: number, to: number): number {
  let rates = lines[way]
  let [bits, since] = [0, from]
  for (const { at, line, mbit } of [...later, { at: Infinity, line: -1, mbit: 0 }]) {
    const until = Math.min(to, Math.max(since, at))
    bits += rates.reduce((sum, rate) => sum + rate, 0) * 1e6 * (until - since)
    rates = rates.map((rate, i) => (i === line ? mbit : rate))
    since = until
  }
  return bits
}
