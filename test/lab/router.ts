/** A namespace that forwards, as a provider or the internet does. */
import { command, inNamespace, ipBatch, nftIn } from './command.ts'
import type { Disposer } from './disposer.ts'
import { deleteNamespace } from './sweep.ts'

export async function addNamespace(undo: Disposer, name: string): Promise<void> {
  await command(['/usr/sbin/ip', 'netns', 'add', name])
  undo.defer(`namespace ${name}`, () => deleteNamespace(name))
  await ipBatch(name, ['link set lo up'])
}

/** Lets a namespace forward, and gives it a masquerade behind one device, to one address a family. */
export async function makeRouter(namespace: string, device: string, to: readonly [string, string]): Promise<void> {
  await command(
    inNamespace(namespace, ['/usr/sbin/sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']),
  )
  await nftIn(
    namespace,
    `table inet isp {
       chain leaving {
         type nat hook postrouting priority srcnat
         oifname "${device}" meta nfproto ipv4 snat ip to ${to[0]}
         oifname "${device}" meta nfproto ipv6 snat ip6 to ${to[1]}
       }
       chain arriving { type nat hook prerouting priority dstnat; }
     }
    `,
  )
}

/** Gives this process's own namespace a name, for a machine that is the host itself. */
async function nameOwnNamespace(undo: Disposer, name: string): Promise<void> {
  await command(['/usr/sbin/ip', 'netns', 'attach', name, String(process.pid)])
  undo.defer(`the name ${name}`, () => command(['/usr/sbin/ip', 'netns', 'delete', name]))
}

export async function addHost(undo: Disposer, name: string, { isHost }: Pick<NetworkOptions, 'isHost'>): Promise<void> {
  await (isHost ? nameOwnNamespace : addNamespace)(undo, name)
}

export interface NetworkOptions {
  /** The machine that this runs on is the host, such as an emulated one. */
  readonly isHost?: boolean
  /** Both ISPs announce an IPv6 prefix, too. */
  readonly ipv6: boolean
  /** How many providers there are; two, unless said. */
  readonly isps?: number
  /**
   * TCP tries again each second, for longer than any outage: half a minute of silence has it wait for another half, and
   * nobody would see whether it lives. Since Linux 6.15.
   */
  readonly resendsSoon?: boolean
}

/**
 * Debian's own congestion control, whatever this machine's is, for what is sent to the providers' clients. By route, as a namespace may not choose
 * what the machine restricts.
 */
export async function useCubic(internet: string): Promise<void> {
  for (const family of ['-4', '-6']) {
    const { stdout } = await command(['/usr/sbin/ip', '-n', internet, family, 'route', 'show'])
    const routes = stdout.split('\n').filter((line) => / via /.test(line))
    await ipBatch(
      internet,
      routes.map((route) => `route change ${route} congctl cubic`),
    )
  }
}
