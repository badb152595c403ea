/** The balanced default: the best one of its table, which is listed first. Those behind it are met when it is gone. */
import type { Host } from './daemon-host.ts'

/** Its devices, sorted; none where there is no such route. */
export async function balancedDevices(host: Host, family: '-4' | '-6' = '-4'): Promise<readonly string[]> {
  return devicesOf(await balanced(host, family))
}

/** In one line, `default nexthop via 10.1.0.1 dev wan1 weight 1 nexthop ...`; empty where there is none. */
export async function balanced(host: Host, family: '-4' | '-6' = '-4'): Promise<string> {
  const show = ['ip', family, 'route', 'show', 'default', 'table', '30098']
  return bestOf((await host.run(show, {}, { accept: [0, 2] })).stdout)
}

/** Of what `ip route show` prints. */
export function bestOf(text: string): string {
  const [best = ''] = /^default.*\n(\s+nexthop.*\n)*/m.exec(text) ?? []
  return best
    .replaceAll(/ proto kernel| scope link/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

export function devicesOf(route: string): readonly string[] {
  return [...route.matchAll(/dev (\S+)/g)].map(([, device]) => device ?? '').sort()
}
