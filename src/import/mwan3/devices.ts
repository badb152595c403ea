/** Which device an interface of OpenWrt is: /etc/config/network. Pure. */
import { optionOf, type UciSection } from './uci.ts'

/** The device by the interface's name; an alias is where the other one is. Bridges are `br-NAME`, as OpenWrt names them. */
export function devicesOf(network: readonly UciSection[]): ReadonlyMap<string, string> {
  const interfaces = new Map(network.filter(({ type }) => type === 'interface').map((one) => [one.name, one]))
  const deviceOf = (name: string, depth = 0): string | null => {
    const section = interfaces.get(name)
    if (section === undefined || depth > 4) return null
    const said = (optionOf(section, 'device') ?? optionOf(section, 'ifname'))?.value ?? ''
    if (said.startsWith('@')) return deviceOf(said.slice(1), depth + 1)
    // A PPP link is another device than the one below it, and Debian's pppd counts them.
    if (/^(pppoe|pppoa|ppp|pptp|l2tp|3g)$/.test(optionOf(section, 'proto')?.value ?? '')) return 'ppp*'
    if (optionOf(section, 'type')?.value === 'bridge') return `br-${name}`
    return said === '' ? null : said
  }
  return new Map([...interfaces.keys()].flatMap((name) => [[name, deviceOf(name)] as const]).filter(isKnown))
}

function isKnown(entry: readonly [string, string | null]): entry is readonly [string, string] {
  return entry[1] !== null
}
