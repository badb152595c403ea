/** One internet provider: a namespace with DHCP towards the host and a public address of its own towards the internet. */
import { mkdirSync, rmSync } from 'node:fs'
import { command, inNamespace, ipBatch, nftIn, type Running, start } from './command.ts'
import type { Disposer } from './disposer.ts'
import { addresses, labName, labPaths, ports } from './names.ts'
import { addNamespace, makeRouter, type NetworkOptions } from './router.ts'

export interface Isp {
  readonly number: number
  readonly namespace: string
  /** The host's device towards it. */
  readonly device: string
  /** What the internet sees as the peer of connections through it. */
  readonly publicAddress: string
  /** Puts the cable into the host's namespace, and starts serving; once at the beginning and after each new host. */
  plug(): Promise<void>
  /** Takes the cable away, both ends of it. */
  unplug(): Promise<void>
  /** Carrier: the ISP's end of the cable is up or down. */
  setCarrier(up: boolean): Promise<void>
  /**
   * The gateway becomes 10.N.0.LAST, on other hardware; the old one is gone, and so is its MAC address. The DHCP server,
   * at 10.N.0.254, tells the new one to whoever asks.
   */
  moveGateway(last: number): Promise<void>
  /** From the next lease on, clients are told to renew after so many seconds; null: as usual, after half an hour. */
  setRenewal(seconds: number | null): Promise<void>
  /** The host's address on this ISP's network. */
  hostAddress(): Promise<string>
  /** Sends what arrives at the public address, ports 8080 and 8081, to the host. */
  forwardInbound(to: string): Promise<void>
}

export async function openIsp(
  undo: Disposer,
  number: number,
  ends: { readonly host: string; readonly internet: string },
  options: NetworkOptions,
): Promise<Isp> {
  const namespace = labName(`isp${number}`)
  const device = `wan${number}`
  const subnet = addresses.subnetOf(number)
  const prefix6 = addresses.prefix6Of(number)
  const publicAddress = addresses.publicOf(number)
  const public6 = addresses.public6Of(number)
  let gateway = 1
  let renewal: number | null = null
  let dhcp: Running | null = null

  await addNamespace(undo, namespace)
  const folder = `${labPaths.machines}/${namespace}`
  mkdirSync(folder, { recursive: true })
  undo.defer(folder, async () => rmSync(folder, { recursive: true, force: true }))
  undo.defer(`DHCP server of ISP ${number}`, () => dhcp?.stop())
  await makeRouter(namespace, 'core', [publicAddress, public6])
  await connectInternet()

  function macOf(last: number): string {
    return `02:00:00:01:0${number}:${String(last).padStart(2, '0')}`
  }

  async function connectInternet(): Promise<void> {
    await ipBatch(namespace, [`link add core type veth peer name isp${number} netns ${ends.internet}`])
    await ipBatch(ends.internet, [
      `link set isp${number} up`,
      `addr add 192.0.2.${number * 4 + 1}/30 dev isp${number}`,
      `addr add fe80::1/64 dev isp${number} nodad`,
      `route add ${publicAddress} via 192.0.2.${number * 4 + 2}`,
      `route add ${public6} via fe80::2 dev isp${number}`,
    ])
    await ipBatch(namespace, [
      'link set core up',
      `addr add 192.0.2.${number * 4 + 2}/30 dev core`,
      'addr add fe80::2/64 dev core nodad',
      `addr add ${publicAddress}/32 dev core`,
      `addr add ${public6}/128 dev core nodad`,
      `route add default via 192.0.2.${number * 4 + 1}`,
      'route add default via fe80::1 dev core',
    ])
  }

  async function plug(): Promise<void> {
    await dhcp?.stop()
    // A fixed MAC on the host's side, so that a host after a power cycle is the same DHCP client. An index that the
    // host's end cannot have: where both ends of a veth pair have the same, the kernel takes the loss of its carrier for
    // nothing urgent, and tells it up to a second late (linkwatch_urgent_event in net/core/link_watch.c).
    await command(
      // Cutting its carrier must not cost the ISP its own IPv6 address.
      inNamespace(namespace, ['/usr/sbin/sysctl', '-qw', 'net.ipv6.conf.default.keep_addr_on_down=1']),
    )
    await ipBatch(namespace, [
      `link add sub index 1000 address ${macOf(gateway)} type veth peer name ${device} address 02:00:00:00:0${number}:01 netns ${ends.host}`,
      'link set sub up',
      `addr add ${subnet}.254/24 dev sub`,
      `addr add ${subnet}.${gateway}/24 dev sub`,
      ...(options.ipv6 ? [`addr add ${prefix6}::1/64 dev sub nodad`] : []),
    ])
    await serveDhcp()
  }

  async function serveDhcp(): Promise<void> {
    await dhcp?.stop()
    dhcp = await start(
      inNamespace(namespace, [
        '/usr/sbin/dnsmasq',
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--user=root',
        '--port=0',
        '--interface=sub',
        '--bind-interfaces',
        '--dhcp-authoritative',
        '--no-ping',
        `--pid-file=${folder}/pid`,
        `--dhcp-leasefile=${folder}/leases`,
        `--dhcp-range=${subnet}.50,${subnet}.150,255.255.255.0,1h`,
        `--dhcp-option=option:router,${subnet}.${gateway}`,
        ...(renewal === null ? [] : [`--dhcp-option=option:T1,${renewal}`]),
        // Its own address: networkd routes name servers by the uplink that named them, past all balancing.
        `--dhcp-option=option:dns-server,${subnet}.254`,
        ...(options.ipv6 ? ['--enable-ra', `--dhcp-range=${prefix6}::,ra-only,64,1h`] : []),
      ]),
    )
  }

  async function hostAddress(): Promise<string> {
    const { stdout } = await command(['/usr/sbin/ip', '-n', ends.host, '-j', '-4', 'addr', 'show', 'dev', device])
    const links: readonly { addr_info: readonly { local: string }[] }[] = JSON.parse(stdout)
    const address = links[0]?.addr_info[0]?.local
    if (address === undefined) throw new Error(`the host's address on ${device}: it has none`)
    return address
  }

  await plug()
  return {
    number,
    namespace,
    device,
    publicAddress,
    plug,
    unplug: () => ipBatch(namespace, ['link delete sub']),
    hostAddress,
    setCarrier: (up) => ipBatch(namespace, [`link set sub ${up ? 'up' : 'down'}`]),
    setRenewal: async (seconds) => {
      renewal = seconds
      await serveDhcp()
    },
    moveGateway: async (last) => {
      const old = gateway
      gateway = last
      // In a test's second try it may be there already.
      if (last !== old)
        await ipBatch(namespace, [
          `addr add ${subnet}.${last}/24 dev sub`,
          `addr del ${subnet}.${old}/24 dev sub`,
          `link set sub address ${macOf(last)}`,
        ])
      await serveDhcp()
      // The DHCP server has moved hardware, too: speaking to the host corrects what the host remembers of it.
      const source = `${subnet}.254`
      const host = await hostAddress()
      await command(inNamespace(namespace, ['/usr/bin/ping', '-c', '1', '-W', '2', '-I', source, host]), {
        accept: [0, 1],
      })
    },
    forwardInbound: async (to) => {
      await nftIn(
        namespace,
        `flush chain inet isp arriving
         add rule inet isp arriving iifname "core" tcp dport { ${ports.inbound}, ${ports.forwarded} } dnat ip to ${to}
        `,
      )
    },
  }
}
