/** Worlds for scripts that run in a namespace of their own. */
import { writeFileSync } from 'node:fs'
import { run } from '../lab/run.ts'

/** Two uplinks with addresses and default routes of both families, and a LAN. Their peers are `p1`, `p2` and `p0`. */
export const twoUplinks = () => manyUplinks(2)

/** The same with `wan1` to so many. */
export async function manyUplinks(count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  // No addresses that the kernel makes by itself, at times of its own.
  writeFileSync('/proc/sys/net/ipv6/conf/default/addr_gen_mode', '1')
  writeFileSync('/proc/sys/net/ipv6/conf/default/accept_dad', '0')
  const links = ['lan0', ...numbers.map((i) => `wan${i}`)].flatMap((name, i) => [
    `link add ${name} type veth peer name p${i}`,
    `link set p${i} up`,
    `link set ${name} up`,
  ])
  const uplinks = numbers.flatMap((i) => [
    `addr add 10.${i}.0.2/24 dev wan${i}`,
    `addr add 2001:db8:${i}::2/64 dev wan${i} nodad`,
    `route add default via 10.${i}.0.1 dev wan${i} metric 100${i}`,
    `route add default via fe80::1 dev wan${i} metric 100${i}`,
  ])
  await run('/usr/sbin/ip', ['-batch', '-'], {
    input: [...links, 'addr add 192.168.77.1/24 dev lan0', ...uplinks].join('\n'),
  })
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
}

export async function ip(...args: readonly string[]): Promise<string> {
  return (await run('/usr/sbin/ip', args)).stdout
}

/** Until the kernel's link watch, which works in the background, has caught up: a link with carrier is UP, others are not. */
export async function linksSettled(): Promise<void> {
  for (let reads = 0; reads < 1000; reads++) {
    const links: { flags: string[]; operstate: string }[] = JSON.parse(await ip('-json', 'link', 'show'))
    const settled = links.every(({ flags, operstate }) =>
      flags.includes('LOWER_UP') ? /^(UP|UNKNOWN)$/.test(operstate) : operstate !== 'UP',
    )
    if (settled) return
  }
  throw new Error('links never settled')
}
