/** One of two routers: our daemon, keepalived and conntrackd as the examples of docs/examples/pair have them. */
import { readFileSync } from 'node:fs'
import { eventsToo } from '../../kernel/transcript.ts'
import { command, inNamespace, ipBatch, nftIn, type Running, start, waitForLine } from '../command.ts'
import type { Disposer } from '../disposer.ts'
import { labName } from '../names.ts'
import { program } from '../program.ts'
import { deleteNamespace } from '../sweep.ts'
import { client, client6, type Devices, gateways, gateways6, leased, type PairNetwork, shared } from './network.ts'

/** /run, /etc and /var/lib/ifbalance are the router's own. */
const prepare = `set -e
mount -t tmpfs t /run
mkdir -p /run/upper /run/work /run/lock /run/ifbalance
mount -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
mount -t tmpfs t /var/lib/ifbalance
mkdir -p /etc/ifbalance /etc/keepalived /etc/conntrackd
echo ready
exec sleep infinity`

export interface Variant {
  /** Names of files in docs/examples/pair. */
  readonly ifbalance: string
  readonly keepalived: string
  readonly conntrackd: string | null
  /** At the providers: one of its own by its number among the two, leases, none, or what networkd's files say. */
  readonly addresses: 'static' | 'dhcp' | 'none' | 'examples'
  /** Of a booted Debian: files for networkd, and what devices are called. */
  readonly networkd?: readonly string[]
  readonly devices?: Devices
  /** More for the configuration of ifbalance. */
  readonly more?: string
}

export interface PairRouter {
  readonly name: 'a' | 'b'
  readonly exec: (argv: readonly string[], input?: string) => Promise<string>
  /** Our daemon's messages. */
  readonly said: () => readonly string[]
  readonly boot: () => Promise<void>
  /** What the peer tells of connections waits, as on a machine without time for conntrackd; or comes. */
  readonly setStatesHeld: (areHeld: boolean) => void
  readonly startKeepalived: () => Promise<void>
  readonly stopKeepalived: () => Promise<void>
  /** Everything ends at once, and no packet comes out any more. */
  readonly losePower: () => Promise<void>
  readonly isActive: () => Promise<boolean>
  /** Of a booted Debian: installs another package. */
  readonly install?: (deb: string) => Promise<void>
  /** What keepalived is told. */
  readonly usable: () => Promise<number | null>
  /** What keepalived and conntrackd have said. */
  readonly others: () => readonly string[]
}

/** The text of an example as the router has it: `VALUE    # second router: OTHER` says what differs. */
export function exampleOf(file: string, router: 'a' | 'b'): string {
  const text = readFileSync(new URL(`../../../docs/examples/pair/${file}`, import.meta.url), 'utf8')
  return router === 'a' ? text : text.replaceAll(/\S+ {4}# second router: (\S+)$/gm, '$1')
}

/** Settings of a router's namespace, by its number among the two. */
export function seedOf(last: number): readonly string[] {
  return [
    // One kernel has one seed, and two routers two: the hash would make both choose the same uplink.
    `net.ipv4.fib_multipath_hash_seed=${1000 + last}`,
    'net.core.txrehash=0',
    // Its own addresses are nobody else's.
    ...['all', 'default'].map((which) => `net.ipv6.conf.${which}.accept_dad=0`),
  ]
}

/** What an administrator forwards to a server in the LAN. */
export const forwardedPorts = `table inet forwarded {
  chain arriving {
    type nat hook prerouting priority dstnat
    ip daddr { ${shared.isps.join(', ')} } tcp dport 8080 dnat ip to ${client}
    ip6 daddr { ${[...shared.isps6, ...leased.isps6].join(', ')} } tcp dport 8080 dnat ip6 to ${client6}
  }
}
`

export function createRouter(undo: Disposer, network: PairNetwork, name: 'a' | 'b', variant: Variant): PairRouter {
  const last = name === 'a' ? 1 : 2
  const running = new Set<Running>()
  const heard: string[] = []
  const messages: string[] = []
  let namespace = ''
  let boots = 0
  let holder: Running | null = null
  let keepalived: Running | null = null
  let conntrackd: Running | null = null

  const inside = (argv: readonly string[]) => [...['/usr/bin/nsenter', '-t', String(holder?.pid), '-m', '-n'], ...argv]
  const exec = async (argv: readonly string[], input?: string) =>
    (await command(inside(argv), { accept: [0, 1, 2], ...(input === undefined ? {} : { input }) })).stdout

  undo.defer(`router ${name}`, losePower)

  async function launch(argv: readonly string[], lines: string[]): Promise<Running> {
    const one = await start(inside(['/bin/sh', '-c', 'exec "$@" 2>&1', 'sh', ...argv]))
    one.onLine((line) => lines.push(line))
    running.add(one)
    void one.ended.then(() => running.delete(one))
    return one
  }

  async function boot(): Promise<void> {
    boots += 1
    namespace = labName(`${name}${boots}`)
    await command(['/usr/sbin/ip', 'netns', 'add', namespace])
    holder = await start(inNamespace(namespace, ['/usr/bin/unshare', '-m', '/bin/sh', '-c', prepare]))
    await waitForLine(holder, (line) => line === 'ready')
    await ipBatch(namespace, ['link set lo up'])
    await network.plug(name, namespace)
    await command(inNamespace(namespace, ['/usr/sbin/sysctl', '-qw', ...seedOf(last)]))
    await ipBatch(namespace, [
      'link set lan0 up',
      'link set wan1 up',
      'link set wan2 up',
      'link set sync0 up',
      ...[`address add 172.20.0.${1 + last}/24 dev lan0`, `address add fd5a:20::${1 + last}/64 dev lan0 nodad`],
      `address add 10.255.0.${last}/30 dev sync0`,
      ...(variant.addresses === 'static'
        ? [
            `address add 198.51.100.${10 + last}/28 dev wan1`,
            `address add 192.0.2.${10 + last}/28 dev wan2`,
            `address add 2001:db8:1::${10 + last}/64 dev wan1 nodad`,
            `address add 2001:db8:2::${10 + last}/64 dev wan2 nodad`,
            ...[gateways, gateways6].flatMap((some) =>
              some.map((gateway, index) => `route add default via ${gateway} dev wan${index + 1} metric 10${index}`),
            ),
          ]
        : []),
    ])
    await nftIn(namespace, forwardedPorts)
    await exec(['/usr/sbin/sysctl', '-q', '-p', '-'], exampleOf('sysctl.conf', name))
    const write = (path: string, text: string) => exec(['/usr/bin/tee', path], text)
    await write('/etc/ifbalance/ifbalance.conf', `${exampleOf(variant.ifbalance, name)}\n${variant.more ?? ''}`)
    await write('/etc/keepalived/keepalived.conf', exampleOf(variant.keepalived, name))
    if (variant.conntrackd !== null) {
      await write('/etc/conntrackd/conntrackd.conf', exampleOf(variant.conntrackd, name))
      conntrackd = await launch(['/usr/sbin/conntrackd', '-C', '/etc/conntrackd/conntrackd.conf'], heard)
    }
    await launch(['/usr/bin/env', eventsToo, ...program, 'daemon'], messages)
    await startKeepalived()
  }

  async function startKeepalived(): Promise<void> {
    const options = ['--dont-fork', '--log-console', '--log-detail', '--use-file', '/etc/keepalived/keepalived.conf']
    keepalived = await launch(['/usr/sbin/keepalived', ...options], heard)
  }

  async function losePower(): Promise<void> {
    if (holder === null) return
    const gone = holder
    holder = null
    // The namespaces end some time after their processes.
    await network.unplug(name)
    await deleteNamespace(namespace)
    await gone.stop()
  }

  return {
    ...{ name, exec, boot, startKeepalived, losePower },
    said: () => messages,
    others: () => heard,
    setStatesHeld: (areHeld) => void conntrackd?.child.kill(areHeld ? 'SIGSTOP' : 'SIGCONT'),
    stopKeepalived: async () => {
      await keepalived?.stop('SIGTERM')
      keepalived = null
    },
    isActive: async () => {
      if (holder === null) return false
      return (await exec(['/usr/sbin/ip', '-4', '-o', 'address', 'show', 'dev', 'lan0'])).includes(` ${shared.lan}/`)
    },
    usable: async () => {
      const text = await exec(['/usr/bin/cat', '/run/ifbalance/usable'])
      return text === '' ? null : Number(text)
    },
  }
}
