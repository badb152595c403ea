/**
 * Flow offload by a line whose path takes less than its link, and does not say so: the packaged program, on a kernel that has
 * flowtables. Runs in the emulated machine; prints one JSON object.
 */
import { fileURLToPath } from 'node:url'
import { startHost } from '../../kernel/daemon-host.ts'
import { makeNarrowLine, narrowTo, within } from '../../kernel/narrow-line.ts'
import { server } from '../../kernel/providers.ts'
import { projectFolder } from '../paths.ts'

export interface Narrow {
  readonly mtu: number
  /** Of 20 transfers of the LAN's each, those that did not come to their end. */
  readonly hung: Readonly<Record<string, number>>
  /** Bytes of them all that the rules saw. */
  readonly slowShare: number
}

const bulk = [process.execPath, fileURLToPath(new URL('../../lab/programs/bulk.ts', import.meta.url))]
const count = 20
/** As bulk.ts has it. */
const bytes = 150_000
const patienceMs = 120_000

/** Bytes that a chain like everybody's sees: those in the fast path pass it by. */
const watcher = `table inet watch {
  counter slow { }
  chain forward { type filter hook forward priority -10; counter name slow; }
}
`

const host = await startHost({
  program: ['/usr/bin/env', `${projectFolder}/deb/usr/sbin/ifbalance`],
  tell: `${projectFolder}/deb/usr/lib/ifbalance/tell`,
})
const out = async (...argv: readonly string[]) =>
  (await host.run(argv, {}, { accept: [0, 1, 2], timeoutMs: patienceMs })).stdout

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const began = performance.now()
  while (!(await isSo())) {
    if (performance.now() - began > patienceMs)
      throw new Error(`never so: ${what}\n${await out('ip', 'route', 'show', 'table', 'all')}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

async function slowBytes(): Promise<number> {
  return Number(/bytes (\d+)/.exec(await out('nft', 'list', 'counters', 'table', 'inet', 'watch'))?.[1])
}

async function tryPath(mtu: number): Promise<Narrow> {
  await narrowTo(host, mtu)
  await out('rm', '-f', '/run/ifbalance/path-mtus.json', '/run/ifbalance/mtu-searches.json')
  const daemon = host.daemon()
  for (const family of ['inet', 'inet6'])
    await until(`a path of ${mtu} bytes is found, ${family}`, async () =>
      (await out('ip', '-f', family, 'route', 'show', 'table', '30002', 'default')).includes(` mtu ${mtu} `),
    )
  await until('flows are offloaded', async () => (await out('nft', 'list', 'flowtables')).includes('fast_'))
  const before = await slowBytes()
  const hung: Record<string, number> = {}
  for (const family of ['inet', 'inet6'] as const)
    for (const way of ['down', 'up'])
      hung[`${family} ${way}`] =
        count -
        Number(
          await out(
            ...within('lan', [...bulk, 'ask', server[family], '82', String(count), way, String(patienceMs / 2)]),
          ),
        )
  const slowShare = ((await slowBytes()) - before) / (4 * count * bytes)
  daemon.signal('SIGTERM')
  await daemon.ended
  return { mtu, hung, slowShare }
}

await makeNarrowLine(host)
host.start(within('far', [...bulk, 'serve', '82']))
await out(...within('far', ['/bin/bash', '-c', 'until exec 3<>/dev/tcp/127.0.0.1/82; do sleep 0.5; done']))
await host.run(['nft', '-f', '-'], {}, { input: watcher })
await out('rm', '/etc/ifbalance/conf.d/00-nothing-answers-here.conf')
await host.write('/etc/ifbalance/ifbalance.conf', '[balance]\noffload = yes\n[uplink wan1]\nmetric = 20\n')
const seen: Narrow[] = []
for (const mtu of [1280, 1400, 1492]) seen.push(await tryPath(mtu))
process.stdout.write(`${JSON.stringify(seen)}\n`)
process.exit(0)
