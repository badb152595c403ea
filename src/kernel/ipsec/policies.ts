/** IPsec's policies, as ip-xfrm(8) lists them: what of packets that leave is to be sealed. */
import { paths, programs } from '../../layout.ts'
import type { SealPolicy } from '../../model/ipsec.ts'
import { readAddressRange } from '../../net/address-range.ts'
import { readIfThere } from '../../os/files.ts'
import { eachLine } from '../../os/lines.ts'

/** How many count; a hub of a thousand tunnels has as many thousands. */
const most = 10_000

/** The netlink protocol of IPsec (NETLINK_XFRM of linux/netlink.h). */
const netlinkProtocol = 6

/**
 * Whether IPsec was asked for on this host since it was booted, or is built into the kernel. Who asks for policies has the kernel load
 * a module, which a host without IPsec is to be spared.
 */
export function isIpsecThere(): boolean {
  return new RegExp(`^\\S+ +${netlinkProtocol} `, 'm').test(readIfThere(paths.netlinkSockets) ?? '')
}

/** Those for what leaves. Throws where ip(8) fails. */
export async function readSealPolicies(): Promise<readonly SealPolicy[]> {
  const found: SealPolicy[] = []
  let lines: string[] = []
  const take = () => {
    const policy = lines.length > 0 && found.length < most ? parseSealPolicy(lines.join('\n')) : null
    if (policy) found.push(policy)
    lines = []
  }
  await eachLine(programs.ip, ['xfrm', 'policy', 'list', 'dir', 'out'], (line) => {
    if (!/^\s/.test(line)) take()
    if (lines.length < 64) lines.push(line)
  })
  take()
  return found
}

/** Protocols by the names that ip(8) has for those which are usual in policies; others are numbers. */
const protocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, gre: 47, 'ipv6-icmp': 58, sctp: 132 }

/**
 * The policy of this text; null for one that is not for packets which leave by an uplink as any other would: of a socket, of a
 * virtual interface (`if_id`, or a mark that only its packets have), or of a protocol without a usual name.
 */
export function parseSealPolicy(text: string): SealPolicy | null {
  const [selector = '', ...rest] = text.split('\n')
  const [, source = '', destination = ''] = /^src (\S+) dst (\S+) /.exec(`${selector} `) ?? []
  const head = /^\s+dir out .*/.exec(rest[0] ?? '')?.[0]
  const [from, to] = [readAddressRange(source), readAddressRange(destination)]
  if (head === undefined || !from || !to || from.family !== to.family) return null
  if (/ ptype sub\b/.test(head) || rest.some((line) => /^\s+(?:mark|if_id) /.test(line))) return null
  const word = (name: string) => new RegExp(` ${name} (\\S+)`).exec(selector)?.[1]
  const named = word('proto')
  const protocol = named === undefined ? undefined : (protocols[named] ?? Number(named))
  if (Number.isNaN(protocol)) return null
  const [sourcePort, destinationPort, device] = [word('sport'), word('dport'), word('dev')]
  return {
    ...{ family: from.family, source, destination },
    ...(protocol !== undefined && { protocol }),
    ...(sourcePort !== undefined && { sourcePort: Number(sourcePort) }),
    ...(destinationPort !== undefined && { destinationPort: Number(destinationPort) }),
    ...(device !== undefined && { device }),
    priority: Number(/ priority (\d+)/.exec(head)?.[1] ?? 0),
    seals: / action block\b/.test(head) || rest.some((line) => /^\s+tmpl /.test(line)),
  }
}
