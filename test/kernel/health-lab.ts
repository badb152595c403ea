/** The lab's internet with a host of this machine's own programs in it: our daemon from its sources, static addresses. */
import { inspect } from 'node:util'
import { checkPrinted } from '../json.ts'
import { command, inNamespace, ipBatch, nftIn, type Running, start, waitForLine } from '../lab/command.ts'
import { type Disposer, disposer } from '../lab/disposer.ts'
import { createNetwork, type Network } from '../lab/network.ts'
import { patienceMs } from '../lab/patience.ts'
import { program } from '../lab/program.ts'
import type { NetworkOptions } from '../lab/router.ts'
import { sweep } from '../lab/sweep.ts'
import { watch } from '../lab/witness.ts'
import { createTranscript, eventsToo, type Fields, type Transcript } from './transcript.ts'

/** /run and /etc/ifbalance are the host's own; nothing of this machine's is touched. */
const prepare = `set -e
mount -t tmpfs t /run
mkdir -p /run/upper /run/work /run/lib
mount -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
mount -t tmpfs t /var/lib/dhcp 2>/dev/null || :
mkdir -p /var/lib/ifbalance && mount -t tmpfs t /var/lib/ifbalance
mkdir -p /etc/ifbalance/hooks.d
echo ready
exec sleep infinity`

export interface HealthLab {
  readonly network: Network
  readonly undo: Disposer
  /** The messages so far of the daemon that runs, or ran last. */
  readonly said: Transcript['said']
  /** Its events. */
  readonly told: Transcript['told']
  /** Waits for an event with these fields. */
  readonly tells: (fields: Fields, timeoutMs?: number) => Promise<void>
  readonly exec: (argv: readonly string[], input?: string) => Promise<string>
  /** Starts a program on the host that goes on until it is stopped, or the lab ends. */
  readonly start: (argv: readonly string[]) => Promise<Running>
  readonly ifbalance: (args: readonly string[]) => Promise<string>
  readonly configure: (text: string) => Promise<void>
  readonly startDaemon: () => Promise<void>
  readonly signalDaemon: (signal: NodeJS.Signals) => void
  readonly stopDaemon: (signal?: NodeJS.Signals) => Promise<void>
  readonly dispose: () => Promise<void>
}

export interface HealthLabOptions extends Pick<NetworkOptions, 'resendsSoon'> {
  readonly ipv6?: boolean
  /** How many uplinks there are; two, unless said. */
  readonly uplinks?: number
  /** The program under test; see ../lab/program.ts unless said. */
  readonly program?: readonly string[]
}

export async function healthLab(options: HealthLabOptions = {}): Promise<HealthLab> {
  await sweep()
  const undo = disposer()
  try {
    return await create(undo, options)
  } catch (error) {
    await undo.dispose()
    throw error
  }
}

async function create(
  undo: Disposer,
  { ipv6 = false, uplinks = 2, resendsSoon = false, program: argv = program }: HealthLabOptions,
): Promise<HealthLab> {
  const network = await createNetwork(undo, { ipv6, isps: uplinks, resendsSoon })
  const { host } = network
  await ipBatch(host, [
    ...network.isps.flatMap(({ number: i }) => [
      `addr add 10.${i}.0.50/24 dev wan${i}`,
      `link set wan${i} up`,
      `route add default via 10.${i}.0.1 dev wan${i} metric 10${i}`,
      ...(ipv6
        ? [
            `addr add 2001:db8:${i}::50/64 dev wan${i} nodad`,
            `route add default via 2001:db8:${i}::1 dev wan${i} metric 10${i}`,
          ]
        : []),
    ]),
    'addr add 192.168.77.1/24 dev lan0',
    'link set lan0 up',
  ])
  await command(inNamespace(host, ['/usr/sbin/sysctl', '-qw', 'net.ipv4.ip_forward=1']))
  const holder = await start(inNamespace(host, ['/usr/bin/unshare', '-m', '/bin/sh', '-c', prepare]))
  undo.defer('the host', () => holder.stop())
  await waitForLine(holder, (line) => line === 'ready')
  const inside = (argv: readonly string[]) => ['/usr/bin/nsenter', '-t', String(holder.pid), '-m', '-n', ...argv]
  let daemon: Running | null = null
  let transcript = createTranscript()
  const said = () => transcript.said()
  undo.defer('the daemon', () => daemon?.stop('SIGTERM'))

  const exec = async (argv: readonly string[], input?: string) =>
    (await command(inside(argv), { accept: [0, 1, 2], ...(input === undefined ? {} : { input }) })).stdout

  const seen = watch({ name: 'the host', exec, said: async () => said() })

  async function tells(fields: Fields, timeoutMs = patienceMs): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (transcript.told(fields).length === 0) {
      if (Date.now() > deadline) throw new Error(`the daemon never told ${inspect(fields)}:\n${said().join('\n')}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  return {
    network,
    undo,
    said,
    told: (...args) => transcript.told(...args),
    tells,
    exec,
    start: async (argv) => {
      const running = await start(inside(argv))
      undo.defer(argv[0] ?? '', () => running.stop())
      return running
    },
    ifbalance: async (args) => {
      const stdout = await exec([...argv, ...args])
      checkPrinted(args, stdout)
      return stdout
    },
    configure: async (text) => void (await exec(['/usr/bin/tee', '/etc/ifbalance/ifbalance.conf'], text)),
    startDaemon: async () => {
      transcript = createTranscript()
      // Its messages come on standard error.
      daemon = await start(
        inside(['/usr/bin/env', eventsToo, '/bin/sh', '-c', 'exec "$@" 2>&1', 'sh', ...argv, 'daemon']),
      )
      daemon.onLine(transcript.hear)
      await tells({ event: 'bus' })
      const begun = Number(process.hrtime.bigint() / 1_000_000n)
      const writtenAt = async () =>
        Number(/"at":(\d+)/.exec(await exec(['/usr/bin/cat', '/run/ifbalance/health.json']))?.[1])
      while (!((await writtenAt()) > begun)) await new Promise((resolve) => setTimeout(resolve, 20))
    },
    signalDaemon: (signal) => {
      if (!daemon) throw new Error('the daemon does not run')
      process.kill(daemon.pid, signal)
    },
    stopDaemon: async (signal = 'SIGTERM') => {
      await daemon?.stop(signal)
      daemon = null
    },
    dispose: async () => {
      await seen()
      await undo.dispose()
    },
  }
}

/** The line behind this ISP is dead, its link is fine: what is forwarded is dropped, in these directions. */
export async function blackhole(
  network: Network,
  isp: 1 | 2,
  directions: 'both' | 'in' | 'out' | 'v6' = 'both',
): Promise<void> {
  const rules = {
    both: ['drop'],
    in: ['iifname "core" drop'],
    out: ['oifname "core" drop'],
    v6: ['meta nfproto ipv6 drop'],
  }[directions]
  await nftIn(
    namespaceOf(network, isp),
    `table inet fault {
       chain forward {
         type filter hook forward priority -300
         ${rules.join('\n')}
       }
     }
     `,
  )
}

export async function mend(network: Network, isp: 1 | 2): Promise<void> {
  await nftIn(namespaceOf(network, isp), withoutTable('fault'))
}

/** What deletes a table for nft, whether it is there or not. */
export function withoutTable(name: string): string {
  return `add table inet ${name}\ndelete table inet ${name}\n`
}

export function namespaceOf(network: Network, isp: 1 | 2): string {
  return network.isps[isp - 1]?.namespace ?? ''
}
