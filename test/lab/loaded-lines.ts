/** Transfers from the LAN over two shaped lines, and what these carry. */
import { command, inNamespace, monotonicMs, type Running, start, waitForLine } from './command.ts'
import { addresses } from './names.ts'
import type { Network } from './network.ts'
import { carriedBytes, shape } from './shaped-lines.ts'

export interface Lines {
  /** Mbit/s of both lines. */
  readonly down: readonly [number, number]
  readonly up: readonly [number, number]
  readonly way: 'down' | 'up'
}

const port = 7002

const argv = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  `${import.meta.dirname}/../bench/programs/download.ts`,
]

export async function shapeLines({ isps }: Network, { down, up }: Lines): Promise<void> {
  for (const [i, isp] of isps.entries()) await shape(isp, down[i] ?? 0, up[i] ?? 0)
}

/** Serves transfers in the internet until it is stopped. */
export async function serveTransfers({ internet }: Network, bytes: number, way: Lines['way']): Promise<Running> {
  const server = await start(inNamespace(internet, [...argv, 'serve', JSON.stringify({ port, bytes, way })]))
  await waitForLine(server, (line) => line === 'ready')
  return server
}

export interface Carried {
  /** For each pair of times, the part of the sum of both lines that was carried. */
  readonly shares: readonly number[]
  /** How long transfers took that ended within the last pair of times, in ms. */
  readonly times: readonly number[]
  readonly failed: number
}

/** `spans`: seconds since the load began, one after the other. */
export async function load(
  network: Network,
  lines: Lines,
  clients: { readonly concurrent: number; readonly bytes: number },
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
  const at = async (second: number) => {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + second * 1000 - monotonicMs())))
    return { bytes: await carriedBytes(network.isps, lines.way), ms: monotonicMs() }
  }
  const sum = lines[lines.way].reduce((all, mbit) => all + mbit, 0) * 1e6
  const shares: number[] = []
  for (const [from, to] of spans) {
    const [before, after] = [await at(from), await at(to)]
    const bits = 8 * after.bytes.reduce((all, bytes, i) => all + bytes - (before.bytes[i] ?? 0), 0)
    shares.push((bits * 1000) / (after.ms - before.ms) / sum)
  }
  const { times, failed }: Pick<Carried, 'times' | 'failed'> = JSON.parse((await loading).stdout)
  return { shares, times, failed }
}
