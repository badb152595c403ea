/**
 * Subflows of this host's MPTCP connections, as ss(8) lists them. `ss --mptcp` knows a connection's token, and not its
 * subflows; a subflow is a TCP socket, of which `ss --info` tells the token on this side behind the slash.
 */
import { programs } from '../../layout.ts'
import { familyOf } from '../../net/valid.ts'
import { run } from '../../os/run.ts'

export interface Subflow {
  /** The same for all subflows of one connection, on this host. */
  readonly token: string
  readonly address: string
  readonly port: number
  readonly peer: { readonly address: string; readonly port: number }
  /** Whether this or the other end wants it used only while no other works. */
  readonly isBackup: boolean
  readonly sent: number
  readonly received: number
}

const listing = ['--no-header', '--numeric', '--oneline', '--tcp', '--info', 'state', 'established'] as const
const maxOutput = 64 * 1024 * 1024

/** Throws where ss(8) cannot be run. */
export async function readSubflows(): Promise<readonly Subflow[]> {
  return parseSubflows((await run(programs.ss, listing, { maxOutput })).stdout)
}

/** `0 0 10.2.0.2%wan2:60481 203.0.113.1:7400 cubic ... tcp-ulp-mptcp flags:Jjec token:d2a6e3f4(id:0)/5d48ab75(id:66) ...` */
export function parseSubflows(text: string): readonly Subflow[] {
  return text.split('\n').flatMap((line) => {
    const [, flags = '', token] = /\btcp-ulp-mptcp flags:(\S+).*? token:\w+\(id:\d+\)\/(\w+)\(id:\d+\)/.exec(line) ?? []
    const [, local, remote] = /^\s*\d+\s+\d+\s+(\S+)\s+(\S+)\s/.exec(line) ?? []
    const [here, peer] = [endOf(local ?? ''), endOf(remote ?? '')]
    if (token === undefined || here === null || peer === null) return []
    const bytes = (name: string) => Number(new RegExp(` ${name}:(\\d+)`).exec(line)?.[1] ?? 0)
    return [
      {
        ...{ token, ...here, peer, isBackup: /b/i.test(flags) },
        ...{ sent: bytes('bytes_acked'), received: bytes('bytes_received') },
      },
    ]
  })
}

/** `10.2.0.2%wan2:60481` and `[2001:db8::2]:443`; IPv4's addresses on a socket of IPv6 are those of IPv4. */
function endOf(text: string): { readonly address: string; readonly port: number } | null {
  const colon = text.lastIndexOf(':')
  const address = text
    .slice(0, colon)
    .replace(/^\[|\]/g, '')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=[\d.]+$)/, '')
  return familyOf(address) === null ? null : { address, port: Number(text.slice(colon + 1)) }
}
