/**
 * Two routers on shared segments, each a bridge of a namespace of its own, in IPv4 and IPv6:
 *
 *     client 172.20.0.10 --+-- lan0 FIRST wan1 ----+-- ISP 1 198.51.100.0/28 --+
 *                          |        FIRST wan2 ----|-+                         +-- internet 203.0.113.1
 *                          +-- lan0 SECOND wan1 ---+ |                         |
 *                                   SECOND wan2 -----+-- ISP 2 192.0.2.0/28 ---+
 *                              FIRST sync0 ---------- sync0 SECOND
 *
 * Providers are strict: what has no address of theirs goes no further.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { command, inNamespace, ipBatch, nftIn, start } from '../command.ts'
import type { Disposer } from '../disposer.ts'
import { addresses, labName, labPaths } from '../names.ts'
import { addNamespace } from '../router.ts'

export const segments = ['lan0', 'wan1', 'wan2', 'sync0'] as const
export type Segment = (typeof segments)[number]

export const client = '172.20.0.10'
export const client6 = 'fd5a:20::10'
export const shared = {
  lan: '172.20.0.1',
  lan6: 'fe80::1',
  isps: ['198.51.100.10', '192.0.2.10'],
  isps6: ['2001:db8:1::10', '2001:db8:2::10'],
} as const
/** Hardware addresses of the one lease, its address (.10), and what hosts make of the former in IPv6 (RFC 4291, appendix A). */
export const leased = {
  macs: ['02:00:5e:10:00:01', '02:00:5e:10:00:02'],
  isps6: ['2001:db8:1::5eff:fe10:1', '2001:db8:2::5eff:fe10:2'],
} as const
export const gateways = ['198.51.100.1', '192.0.2.1'] as const
export const gateways6 = ['2001:db8:1::1', '2001:db8:2::1'] as const
const blocks = ['198.51.100.0/28', '192.0.2.0/28'] as const
const blocks6 = ['2001:db8:1::/64', '2001:db8:2::/64'] as const

export type Devices = Readonly<Partial<Record<Segment, string>>>

export interface PairNetwork {
  readonly lan: string
  readonly internet: string
  readonly isps: readonly [string, string]
  /** Plugs a router's cables into its namespace; `router` is `a` or `b`. Devices are called as the segments unless named otherwise. */
  readonly plug: (router: string, namespace: string, names?: Devices) => Promise<void>
  readonly unplug: (router: string) => Promise<void>
  /** Cables, all at once: the router's end has carrier or not. */
  readonly setCables: (router: string, state: 'up' | 'down', which?: readonly Segment[]) => Promise<void>
  /** Whether anything passes a cable whose link is fine. */
  readonly setDead: (router: string, segment: Segment, isDead: boolean) => Promise<void>
}

export async function createPairNetwork(undo: Disposer): Promise<PairNetwork> {
  const [internet, lan, sw] = [labName('inet'), labName('lan'), labName('switch')]
  const isps = [labName('isp1'), labName('isp2')] as const
  for (const name of [internet, lan, sw, ...isps]) await addNamespace(undo, name)
  await ipBatch(
    sw,
    segments.flatMap((segment) => [`link add br-${segment} type bridge mcast_snooping 0`, `link set br-${segment} up`]),
  )
  const toSwitch = async (namespace: string, device: string, segment: Segment) => {
    const port = `${namespace.split('-').at(-1)}-${segment}`
    await ipBatch(sw, [`link add ${port} type veth peer name ${device} netns ${namespace}`])
    await ipBatch(sw, [`link set ${port} master br-${segment} up`])
    await ipBatch(namespace, [`link set ${device} up`])
  }
  await toSwitch(lan, 'eth0', 'lan0')
  await ipBatch(lan, [
    ...[`address add ${client}/24 dev eth0`, `address add ${client6}/64 dev eth0 nodad`],
    ...[`route add default via ${shared.lan}`, `route add default via ${shared.lan6} dev eth0`],
  ])
  await ipBatch(internet, [
    ...[addresses.server, ...addresses.resolvers].map((address) => `address add ${address}/32 dev lo`),
    ...[addresses.server6, ...addresses.resolvers6].map((address) => `address add ${address}/128 dev lo nodad`),
  ])
  for (const [index, isp] of isps.entries()) {
    const i = index + 1
    await toSwitch(isp, 'sub', `wan${i}` as Segment)
    await ipBatch(isp, [`link add core type veth peer name isp${i} netns ${internet}`])
    await ipBatch(internet, [
      `link set isp${i} up`,
      ...[`address add 10.254.${i}.1/30 dev isp${i}`, `address add fe80::1/64 dev isp${i} nodad`],
      ...[`route add ${blocks[index]} via 10.254.${i}.2`, `route add ${blocks6[index]} via fe80::2 dev isp${i}`],
    ])
    await ipBatch(isp, [
      `link set core up`,
      ...[`address add 10.254.${i}.2/30 dev core`, 'address add fe80::2/64 dev core nodad'],
      ...[`address add ${gateways[index]}/28 dev sub`, `address add ${gateways6[index]}/64 dev sub nodad`],
      ...[`route add default via 10.254.${i}.1`, 'route add default via fe80::1 dev core'],
    ])
    await nftIn(
      isp,
      `table inet strict {
         chain forward {
           type filter hook forward priority 0
           iifname "sub" ip saddr != ${blocks[index]} drop
           iifname "sub" ip6 saddr != ${blocks6[index]} drop
         }
       }
       `,
    )
  }
  for (const namespace of [internet, ...isps])
    await command(
      inNamespace(namespace, ['/usr/sbin/sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']),
    )

  const plugged = new Set<string>()
  const portOf = (router: string, segment: Segment) => `${router}-${segment}`
  return {
    ...{ lan, internet, isps: [...isps] },
    plug: async (router, namespace, names = {}) => {
      const macOf = (index: number) => `02:00:00:00:0${router === 'a' ? 1 : 2}:0${index}`
      plugged.add(router)
      // Numbers of their own for the switch's ends: see isp.ts.
      const base = router === 'a' ? 1000 : 2000
      await ipBatch(
        sw,
        segments.flatMap((segment, index) => {
          const near = `index ${base + index} type veth`
          return [
            `link add ${portOf(router, segment)} ${near} peer name ${names[segment] ?? segment} address ${macOf(index)} netns ${namespace}`,
            `link set ${portOf(router, segment)} master br-${segment} up`,
          ]
        }),
      )
    },
    unplug: async (router) => {
      if (!plugged.delete(router)) return
      const ports = segments.map((segment) => portOf(router, segment))
      // Nothing leaves it any more, at once; the ends go one by one.
      await ipBatch(
        sw,
        ports.map((port) => `link set ${port} down`),
      )
      await ipBatch(
        sw,
        ports.map((port) => `link delete ${port}`),
      )
    },
    setCables: (router, state, which = segments) =>
      ipBatch(
        sw,
        which.map((segment) => `link set ${portOf(router, segment)} ${state}`),
      ),
    setDead: async (router, segment, isDead) => {
      const port = ['link', 'set', 'dev', portOf(router, segment), 'state', isDead ? '0' : '3']
      await command(['/usr/sbin/bridge', '-n', sw, ...port])
    },
  }
}

/** Has both providers give leases: .4 to .9, by hardware address, and advertise their prefix. */
export async function serveLeases(undo: Disposer, { isps }: PairNetwork): Promise<void> {
  for (const [index, namespace] of isps.entries()) {
    const folder = `${labPaths.machines}/${namespace}`
    mkdirSync(folder, { recursive: true })
    undo.defer(folder, async () => rmSync(folder, { recursive: true, force: true }))
    const block = blocks[index]?.replace(/\.0\/28$/, '')
    const server = await start(
      inNamespace(namespace, [
        ...['/usr/sbin/dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--user=root', '--port=0'],
        ...['--interface=sub', '--bind-interfaces', '--dhcp-authoritative', '--no-ping'],
        ...[`--pid-file=${folder}/pid`, `--dhcp-leasefile=${folder}/leases`],
        ...[`--dhcp-range=${block}.4,${block}.9,255.255.255.240,1h`, `--dhcp-option=option:router,${gateways[index]}`],
        `--dhcp-host=${leased.macs[index]},${shared.isps[index]}`,
        ...['--enable-ra', `--dhcp-range=${blocks6[index]?.replace('/64', '')},ra-only,64,1h`],
      ]),
    )
    undo.defer(`leases of ${namespace}`, () => server.stop())
  }
}
