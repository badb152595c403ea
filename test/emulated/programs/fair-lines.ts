/**
 * Lines of unlike speed whose queues are fair and whose far ends are far, behind a host with the packaged program on it. Runs in the
 * emulated machine; prints as JSON what they carried: see ../fair-lines.test.ts.
 */
import { namespaceOf } from '../../kernel/health-lab.ts'
import { command, inNamespace } from '../../lab/command.ts'
import { type Lines, load, serveTransfers, shapeLines } from '../../lab/loaded-lines.ts'
import { packagedLab } from '../packaged-lab.ts'
import type { FairLines } from '../seen.ts'

const path = { queue: 'cake', delayMs: 10 } as const
const lines: Lines = { down: [8, 2], up: [8, 2], way: 'down', path }
const clients = { concurrent: 32, bytes: 60_000 }

const lab = await packagedLab()
try {
  await shapeLines(lab.network, lines)
  const shown = ['/usr/sbin/tc', 'qdisc', 'show', 'dev', 'sub']
  const { stdout } = await command(inNamespace(namespaceOf(lab.network, 1), shown))
  const server = await serveTransfers(lab.network, clients.bytes, lines.way)
  lab.undo.defer('the server of transfers', () => server.stop())
  await lab.startDaemon()
  const { shares, failed } = await load(lab.network, lines, clients, [
    [5, 30],
    [30, 45],
  ])
  const { uplinks } = JSON.parse(await lab.ifbalance(['status', '--json']))
  const weights = uplinks.map(({ weight }: { weight: number }) => weight)
  const seen: FairLines = { queues: stdout, first: shares[0] ?? 0, after: shares[1] ?? 0, failed, weights }
  process.stdout.write(`${JSON.stringify(seen)}\n`)
} finally {
  await lab.dispose()
}
process.exit(0)
