/** What this host says of a packet that it cannot forward goes to whoever sent it, by the uplink that the packet came by. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { patienceMs } from '../lab/patience.ts'
import { enoughForEach } from '../lab/shares.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { inside, lanClient, makeProviders, server } from './providers.ts'

const isps = ['isp1', 'isp2'] as const
const families = ['inet', 'inet6'] as const
const bytes = 1400

/**
 * Is asked at port 7000 of these addresses, and answers when it is told to, with more than fits. "Don't fragment" is as in
 * ip(7) and ipv6(7): 3 is IP_PMTUDISC_PROBE.
 */
const serving = `
import select, signal, socket, sys
sockets, asked = [], []
for address in sys.argv[1:]:
    six = ':' in address
    one = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(*((41, 23) if six else (0, 10)), 3)
    one.bind((address, 7000))
    sockets.append(one)
def answer(*_):
    for one, client in asked: one.sendto(bytes(${bytes}), client)
signal.signal(signal.SIGUSR1, answer)
print('ready', file=sys.stderr, flush=True)
while True:
    for one in select.select(sockets, [], [])[0]:
        asked.append((one, one.recvfrom(100)[1]))
        print('asked', len(asked), file=sys.stderr, flush=True)
`

/** Asks an address from so many sockets, and does not wait. */
const asking = `
import socket, sys
to, count = sys.argv[1:]
for i in range(int(count)):
    one = socket.socket(socket.AF_INET6 if ':' in to else socket.AF_INET, socket.SOCK_DGRAM)
    one.sendto(b'x', (to, 7000))
`

/** A client of a service behind the host: says a little, and when that is answered, more than fits. */
const telling = `
import socket, sys
own, to, count = sys.argv[1:]
for i in range(int(count)):
    six = ':' in to
    one = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(*((41, 23) if six else (0, 10)), 3)
    one.settimeout(${patienceMs / 1000})
    one.bind((own, 0))
    one.sendto(b'x', (to, 8000))
    one.recv(100)
    one.sendto(bytes(${bytes}), (to, 8000))
`

const echoing = `
import select, socket, sys
sockets = [socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6)]
sockets[0].bind(('${lanClient.inet}', 7001))
sockets[1].bind(('${lanClient.inet6}', 7001))
print('ready', file=sys.stderr, flush=True)
while True:
    for one in select.select(sockets, [], [])[0]: one.sendto(*one.recvfrom(2000))
`

const forwards = `table inet theirs {
  chain forwards {
    type nat hook prerouting priority dstnat
    iifname "wan*" meta nfproto ipv4 udp dport 8000 dnat ip to ${lanClient.inet}:7001
    iifname "wan*" meta nfproto ipv6 udp dport 8000 dnat ip6 to [${lanClient.inet6}]:7001
  }
}
`

/** What is too large, and what is said of that with an address of this provider's. */
const counting = (i: number) => `table inet counts {
  counter sent_inet { }
  counter told_inet { }
  counter sent_inet6 { }
  counter told_inet6 { }
  chain output {
    type filter hook output priority 0
    udp length ${bytes + 8} meta nfproto ipv4 counter name sent_inet
    udp length ${bytes + 8} meta nfproto ipv6 counter name sent_inet6
  }
  chain prerouting {
    type filter hook prerouting priority -300
    icmp type destination-unreachable icmp code frag-needed ip saddr 10.${i}.0.0/24 counter name told_inet
    icmpv6 type packet-too-big ip6 saddr 2001:db8:${i}::/48 counter name told_inet6
  }
}
`

let host: Host
const servers: Running[] = []

const python = (program: string, ...args: readonly string[]) => ['/usr/bin/python3', '-c', program, ...args]

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  await host.run(['sysctl', '-qw', 'net.core.txrehash=0'])
  await host.run(['ip', 'link', 'set', 'lan0', 'mtu', '1300'])
  await host.run(['sysctl', '-qw', 'net.netfilter.nf_conntrack_udp_timeout=600'])
  await host.run(['nft', '-f', '-'], {}, { input: forwards })
  await host.start(inside('lan', python(echoing))).says(/ready/)
  for (const [index, isp] of isps.entries()) {
    await host.run(inside(isp, ['nft', '-f', '-']), {}, { input: counting(index + 1) })
    const running = host.start(inside(isp, python(serving, server.inet, server.inet6)))
    await running.says(/ready/)
    servers.push(running)
  }
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0 })
})
afterAll(() => host?.end())

async function counts() {
  const all = isps.map(async (isp) => {
    const { stdout } = await host.run(inside(isp, ['nft', 'list', 'counters', 'table', 'inet', 'counts']))
    return Object.fromEntries([...stdout.matchAll(/(\w+) \{\s+packets (\d+)/g)].map(([, name, n]) => [name, Number(n)]))
  })
  return Promise.all(all)
}

/** Each provider hears of all that was sent by it. */
async function expectAllTold(total: number): Promise<void> {
  const sums = async () =>
    (await counts()).map((of) => families.map((family) => [of[`sent_${family}`] ?? 0, of[`told_${family}`] ?? 0]))
  const all = (seen: Awaited<ReturnType<typeof sums>>) => seen.flat().reduce((sum, [sent = 0]) => sum + sent, 0)
  await expect.poll(async () => all(await sums()), { timeout: patienceMs }).toBe(total)
  await expect
    .poll(async () => (await sums()).flat().filter(([sent, told]) => sent === 0 || sent !== told), {
      timeout: patienceMs,
    })
    .toEqual([])
}

test("what a server sends to the LAN, which takes less, and what a service's client sends there", async () => {
  const count = enoughForEach(0.5)
  for (const family of families) await host.run(inside('lan', python(asking, server[family], String(count))))
  const heard = () => servers.map((one) => one.said().filter((line) => line.startsWith('asked')).length)
  await expect.poll(() => heard().reduce((sum, one) => sum + one, 0), { timeout: patienceMs }).toBe(2 * count)
  // The kernel's hash of what is said of a packet is that of the packet, so it goes the same way while weights are the same.
  await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wan2]\nmetric = 20\n')
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0 })
  for (const one of servers) one.signal('SIGUSR1')
  await expectAllTold(2 * count)
  for (const [index, isp] of isps.entries())
    for (const family of families) {
      const to = family === 'inet' ? `10.${index + 1}.0.2` : `2001:db8:${index + 1}::2`
      await host.run(inside(isp, python(telling, server[family], to, '12')), {}, { timeoutMs: 2 * patienceMs })
    }
  await expectAllTold(2 * count + 4 * 12)
})
