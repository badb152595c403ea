/**
 * A small internet in network namespaces:
 *
 *     lan 192.168.77.10 -- lan0 HOST wan1 -- ISP 1 10.1.0.0/24, masquerades to 198.51.100.1 --+-- internet 203.0.113.1
 *                               HOST wan2 -- ISP 2 10.2.0.0/24, masquerades to 198.51.100.2 --+
 *
 * Nothing here touches the machine's own network: every device is born inside a namespace of ours.
 */

import { command, inNamespace, ipBatch, programArgv, startFarAway } from './command.ts'
import type { Disposer } from './disposer.ts'
import { type Isp, openIsp } from './isp.ts'
import { addresses, labName } from './names.ts'
import { addHost, addNamespace, type NetworkOptions } from './router.ts'
import { deleteNamespace } from './sweep.ts'

export interface Network {
  /** The namespace of the host under test. */
  readonly host: string
  readonly internet: string
  readonly lan: string
  readonly isps: readonly [Isp, Isp, ...Isp[]]
  /** Gives the host a new namespace, as a power cycle gives it a new kernel; its cables are plugged in again. */
  replaceHost(): Promise<void>
}

export async function createNetwork(undo: Disposer, options: NetworkOptions): Promise<Network> {
  const [host, internet, lan] = [labName('host'), labName('inet'), labName('lan')]
  await addHost(undo, host, options)
  for (const name of [internet, lan]) await addNamespace(undo, name)
  await skipAddressDetection(host)
  // A socket that listens hands on what it has found.
  for (const name of options.resendsSoon ? [host, internet, lan] : []) {
    const settings = ['net.ipv4.tcp_rto_max_ms=1000', 'net.ipv4.tcp_retries2=200']
    await command(inNamespace(name, ['/usr/sbin/sysctl', '-qw', ...settings]))
  }
  await ipBatch(internet, [
    `addr add ${addresses.server}/32 dev lo`,
    `addr add ${addresses.server6}/128 dev lo nodad`,
    // What probes ask by default.
    ...addresses.resolvers.map((address) => `addr add ${address}/32 dev lo`),
    ...addresses.resolvers6.map((address) => `addr add ${address}/128 dev lo nodad`),
  ])
  await forgetClosedConnections(internet)
  const isps: Isp[] = []
  for (let i = 1; i <= (options.isps ?? 2); i++) isps.push(await openIsp(undo, i, { host, internet }, options))
  await plugLan(host, lan)

  const server = await startFarAway(internet, programArgv('internet', []))
  let over = false
  undo.defer('the internet server', () => {
    over = true
    return server.stop()
  })
  void server.ended.then(() => {
    if (!over) process.stderr.write(`the internet server ended by itself: ${server.stderr()}\n`)
  })

  return {
    host,
    internet,
    lan,
    isps: isps as [Isp, Isp, ...Isp[]],
    replaceHost: async () => {
      // The kernel clears a deleted namespace when it gets to it: till then the cables' other ends would still be there.
      for (const isp of isps) await isp.unplug()
      await ipBatch(lan, ['link delete eth0'])
      await deleteNamespace(host)
      await command(['/usr/sbin/ip', 'netns', 'add', host])
      await ipBatch(host, ['link set lo up'])
      await skipAddressDetection(host)
      for (const isp of isps) await isp.plug()
      await plugLan(host, lan)
    },
  }
}

/** Otherwise link-local addresses, and their routes, appear a second or two later, in the middle of a comparison. */
async function skipAddressDetection(host: string): Promise<void> {
  const settings = ['net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0']
  await command(inNamespace(host, ['/usr/sbin/sysctl', '-qw', ...settings]))
}

/**
 * The host and its LAN share a public address: once the host has dropped a dead uplink's connections, the one may use a port
 * that the other had. The server would refuse it from its TIME-WAIT, for its clocks are not the same (RFC 7323, 5.3).
 */
async function forgetClosedConnections(internet: string): Promise<void> {
  await command(inNamespace(internet, ['/usr/sbin/sysctl', '-qw', 'net.ipv4.tcp_max_tw_buckets=0']))
}

async function plugLan(host: string, lan: string): Promise<void> {
  await ipBatch(host, [`link add lan0 address 02:00:00:00:00:01 type veth peer name eth0 netns ${lan}`])
  await ipBatch(lan, [
    `addr add ${addresses.lanClient}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${addresses.lanRouter}`,
  ])
}

/** The LAN speaks IPv6, too, and the host forwards it. */
export async function giveLanIpv6({ host, lan }: Pick<Network, 'host' | 'lan'>): Promise<void> {
  await command(inNamespace(host, ['/usr/sbin/sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1']))
  await ipBatch(host, [`addr add ${addresses.lanRouter6}/64 dev lan0 nodad`])
  await ipBatch(lan, [
    `addr add ${addresses.lanClient6}/64 dev eth0 nodad`,
    `route add default via ${addresses.lanRouter6}`,
  ])
}
