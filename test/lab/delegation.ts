/** A provider that delegates an IPv6 prefix by DHCPv6 (isc-dhcp-server), and takes no packet with a source of others. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { command, inNamespace, ipBatch, nftIn, type Running, start } from './command.ts'
import type { Disposer } from './disposer.ts'
import type { Isp } from './isp.ts'
import { addresses, labPaths } from './names.ts'
import { unconfined } from './unconfined.ts'

export interface Delegation {
  /** From now on, this prefix is the one that clients get; each has it for 20 s at a time. Ends with `/LENGTH`. */
  delegate(prefix: string): Promise<void>
  /**
   * What came from the host since the last time: IPv6 sources; of packets whose source is not allowed, source,
   * destination, protocol and the first 16 bits behind the header (a port, or an ICMPv6 type and code).
   */
  sources(): Promise<{ readonly seen: readonly string[]; readonly strange: readonly string[] }>
}

export async function openDelegation(undo: Disposer, isp: Isp, host: string): Promise<Delegation> {
  const { namespace, number, device } = isp
  const folder = `${labPaths.machines}/${namespace}`
  mkdirSync(folder, { recursive: true })
  const [config, leases] = [`${folder}/dhcpd6.conf`, `${folder}/dhcpd6.leases`]
  const dhcpd = unconfined(undo, '/usr/sbin/dhcpd')
  let server: Running | null = null
  let routed: string | null = null
  undo.defer(`DHCPv6 server of ISP ${number}`, () => server?.stop())

  async function delegate(prefix: string): Promise<void> {
    await server?.stop()
    const [address, length] = prefix.split('/')
    writeFileSync(
      config,
      `authoritative; server-duid LL ethernet 02:00:00:00:09:0${number};
       default-lease-time 20; preferred-lifetime 15; option dhcp-renewal-time 3; option dhcp-rebinding-time 8;
       subnet6 ${addresses.prefix6Of(number)}::/64 { prefix6 ${address} ${address} /${length}; }
      `,
    )
    rmSync(leases, { force: true })
    writeFileSync(leases, '')
    server = await start(
      inNamespace(namespace, [...[dhcpd, '-6', '-f', '-q', '-cf', config, '-lf', leases, '--no-pid', 'sub']]),
    )
    const lines = routed === null ? [] : [`route del ${routed}`]
    await ipBatch(namespace, [...lines, `route add ${prefix} via ${await hostLinkLocal()} dev sub`])
    routed = prefix
    const targets = addresses.resolvers6.join(', ')
    await nftIn(
      namespace,
      `table inet ingress
       delete table inet ingress
       table inet ingress {
         set seen { type ipv6_addr; flags dynamic; size 4096; }
         set strange { typeof ip6 saddr . ip6 daddr . meta l4proto . th sport; flags dynamic; size 4096; }
         chain arriving {
           type filter hook prerouting priority -300
           iifname != "sub" accept
           meta nfproto != ipv6 accept
           ip6 saddr { fe80::/10, :: } accept
           ip6 saddr { ${addresses.prefix6Of(number)}::/64, ${prefix} } add @seen { ip6 saddr } accept
           # An answer whose receiver's address went while it was under way: any router passes it on, and when three
           # seconds later nobody has been found who has that address, its kernel says so by any address of its own.
           ip6 saddr { ${targets} } icmpv6 type echo-reply drop
           ip6 daddr { ${targets} } icmpv6 type destination-unreachable icmpv6 code addr-unreachable drop
           add @seen { ip6 saddr }
           add @strange { ip6 saddr . ip6 daddr . meta l4proto . th sport } drop
         }
       }
      `,
    )
  }

  async function hostLinkLocal(): Promise<string> {
    const argv = ['/usr/sbin/ip', '-n', host, '-j', '-6', 'addr', 'show', 'dev', device]
    const links: readonly { addr_info?: readonly { local: string }[] }[] = JSON.parse((await command(argv)).stdout)
    const address = links
      .flatMap(({ addr_info = [] }) => addr_info)
      .map(({ local }) => local)
      .find((local) => local.startsWith('fe80:'))
    if (address === undefined) throw new Error(`the host's link-local address on ${device}: it has none`)
    return address
  }

  return {
    delegate,
    sources: async () => {
      const [seen, strange] = [await drained('seen'), await drained('strange')]
      return { seen, strange }
    },
  }

  async function drained(set: string): Promise<readonly string[]> {
    const { stdout } = await command(
      inNamespace(namespace, ['/usr/sbin/nft', '-j', 'list', 'set', 'inet', 'ingress', set]),
    )
    const elements = elementsOf(stdout)
    if (elements.length === 0) return []
    await nftIn(namespace, `delete element inet ingress ${set} { ${elements.join(', ')} }`)
    return elements
  }
}

type Value = string | number
type Element = Value | { readonly concat: readonly Value[] }
type Listing = { readonly nftables: readonly { readonly set?: { readonly elem?: readonly Element[] } }[] }

function elementsOf(text: string): readonly string[] {
  const listing: Listing = JSON.parse(text)
  return listing.nftables
    .flatMap(({ set }) => set?.elem ?? [])
    .map((element) => (typeof element === 'object' ? element.concat.join(' . ') : String(element)))
}
