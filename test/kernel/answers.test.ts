/** Which address UDP answers of this host have: of clients that ask several of its addresses, and of many clients. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patienceMs } from '../lab/patience.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { arrived, forgetArrived, inside, makeProviders, server, setCarrier } from './providers.ts'

const families = ['inet', 'inet6'] as const
type Family = (typeof families)[number]
type Isp = 'isp1' | 'isp2'

/** Of services on all addresses: one answers from wherever the kernel likes, one from where it was asked. */
const ports = { naive: 7000, careful: 7001, closed: 7002 } as const
/** An address of clients that ask too much. */
const many = { inet: '203.0.113.66', inet6: '2001:db8:ffff:66::1' } as const

/** The careful one does as dnsmasq, unbound and QUIC servers do: IP_PKTINFO. It holds back its answer to `hold` until it is asked again. */
const services = `
import select, socket, sys
# By family: the option that asks where a question went (ip(7), ipv6(7)), what tells it, and what says so of an answer.
v4 = (socket.AF_INET, socket.IPPROTO_IP, 8, 8, lambda info: bytes(4) + info[8:12] + bytes(4))
v6 = (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, socket.IPV6_PKTINFO, lambda info: info[:16] + bytes(4))
naive, careful, held = {}, {}, []
for family, level, option, kind, source in (v4, v6):
    for kinds, port in ((naive, ${ports.naive}), (careful, ${ports.careful})):
        one = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6: one.setsockopt(level, socket.IPV6_V6ONLY, 1)
        if kinds is careful: one.setsockopt(level, option, 1)
        one.bind(('', port))
        kinds[one] = (level, kind, source)
print('ready', file=sys.stderr, flush=True)
while True:
    for one in select.select([*naive, *careful], [], [])[0]:
        try:
            text, control, flags, client = one.recvmsg(100, 200)
            if one in naive:
                one.sendto(text, client)
                continue
            level, kind, source = careful[one]
            held.append((one, text, [(level, kind, source(data)) for l, k, data in control if (l, k) == (level, kind)], client))
            if text == b'hold':
                print('held', file=sys.stderr, flush=True)
                continue
            for asked, text, control, client in held: asked.sendmsg([text], control, 0, client)
            held = []
        except OSError: pass
`

/** A question from each of so many ports of an address, all at once; says how many were answered from where they went. */
const asking = `
import select, socket, sys
client, first, count, to, port, text, patience = sys.argv[1:]
waiting, answered = [], 0
for own in range(int(first), int(first) + int(count)):
    one = socket.socket(socket.AF_INET6 if ':' in to else socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((client, own))
    one.connect((to, int(port)))
    one.send(text.encode())
    waiting.append(one)
while waiting:
    ready = select.select(waiting, [], [], float(patience))[0]
    if not ready: break
    for one in ready:
        waiting.remove(one)
        try: answered += one.recv(100) == text.encode()
        except OSError: pass
print(answered, file=sys.stderr, flush=True)
`

/** To each port of an address but those of the services, from one socket; then one question from each of so many ports. */
const flooding = `
import resource, socket, sys
client, to, count = sys.argv[1:]
family = socket.AF_INET6 if ':' in to else socket.AF_INET
one = socket.socket(family, socket.SOCK_DGRAM)
one.bind((client, 0))
for port in range(1, 65536):
    if port not in (${ports.naive}, ${ports.careful}):
        try: one.sendto(b'x', (to, port))
        except OSError: pass
for own in range(10000, 10000 + int(count)):
    one = socket.socket(family, socket.SOCK_DGRAM)
    one.bind((client, own))
    one.sendto(b'x', (to, ${ports.naive}))
    one.close()
`

let host: Host
let service: Running

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  for (const address of Object.values(many))
    await host.run(['ip', '-n', 'isp1', 'address', 'add', address, 'dev', 'lo'])
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  service = host.start(['/usr/bin/python3', '-c', services])
  await service.says(/ready/)
})
afterAll(() => host?.end())

const addressOf = (isp: Isp, family: Family) =>
  family === 'inet' ? `10.${isp.slice(-1)}.0.2` : `2001:db8:${isp.slice(-1)}::2`

/** Questions of so many clients, from ports of one address that both providers have, at this provider's address of the host. */
function questions(isp: Isp, family: Family, service: keyof typeof ports, first: number, count: number, text = 'x') {
  const to = [addressOf(isp, family), ports[service], text, patienceMs / 1000]
  const argv = ['/usr/bin/python3', '-c', asking, server[family], first, count, ...to]
  return inside(isp, argv.map(String))
}

async function ask(...question: Parameters<typeof questions>): Promise<number> {
  return Number((await host.run(questions(...question), {}, { timeoutMs: 2 * patienceMs })).stderr)
}

describe.each(families)('%s', (family) => {
  // So many that some get what the kernel would not have chosen for them.
  test.each([
    ['that leaves its address to the kernel', 'naive', 20_000],
    ['that says its address', 'careful', 21_000],
  ] as const)(
    'a service %s answers the same clients at one address, at another, and at the first again',
    async (_, name, first) => {
      for (const isp of ['isp1', 'isp2', 'isp1'] as const) expect(await ask(isp, family, name, first, 40)).toBe(40)
    },
  )

  test('a late answer has the address that its own question went to', async () => {
    const seen = service.said().length
    const first = host.start(questions('isp1', family, 'careful', 22_000, 1, 'hold'))
    await service.says(/held/, seen)
    expect(await ask('isp2', family, 'careful', 22_000, 1)).toBe(1)
    await first.says(/^1$/)
  })

  test('while one uplink is dead, the other address answers those who asked the dead one', async () => {
    expect(await ask('isp1', family, 'naive', 23_000, 40)).toBe(40)
    await setCarrier(host, 'isp1', 'down')
    try {
      expect(await ask('isp2', family, 'naive', 23_000, 40)).toBe(40)
    } finally {
      await setCarrier(host, 'isp1', 'up')
    }
  })

  test('connections that are not tracked, and redirected ones', async () => {
    await host.run([
      'nft',
      `table inet others {
        chain prerouting { type filter hook prerouting priority raw; udp dport ${ports.naive} notrack; }
        chain output { type filter hook output priority raw; udp sport ${ports.naive} notrack; }
      }`,
    ])
    try {
      for (const isp of ['isp1', 'isp2'] as const) expect(await ask(isp, family, 'naive', 24_000, 40)).toBe(40)
    } finally {
      await host.run(['nft', 'delete', 'table', 'inet', 'others'])
    }
    await host.run([
      'nft',
      `table inet others {
        chain prerouting { type nat hook prerouting priority dstnat; udp dport ${ports.closed} redirect to :${ports.naive}; }
      }`,
    ])
    try {
      for (const isp of ['isp1', 'isp2'] as const) expect(await ask(isp, family, 'closed', 25_000, 40)).toBe(40)
    } finally {
      await host.run(['nft', 'delete', 'table', 'inet', 'others'])
    }
  })

  test('floods from one address, to closed ports and to an open one, cost others nothing', async () => {
    const flood = ['/usr/bin/python3', '-c', flooding, many[family], addressOf('isp1', family), '3000']
    await host.run(inside('isp1', flood), {}, { timeoutMs: patienceMs })
    const { stdout } = await host.run(['nft', 'list', 'table', 'inet', 'ifbalance'], {}, { timeoutMs: patienceMs })
    // By address and port.
    expect(stdout.split(`${many[family]} . `).length).toBeLessThan(10_000)
    for (const isp of ['isp1', 'isp2'] as const) expect(await ask(isp, family, 'naive', 26_000, 100)).toBe(100)
  })
})

/** As dhclient renews a lease: by the port of DHCP clients on all addresses, with the leased one in the message (RFC 2131, 4.3.6). */
const renewing = `
import socket, sys
server, *leased = sys.argv[1:]
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.bind(('', 68))
for address in leased: one.sendto(bytes((1, 1, 6, 0)) + bytes(8) + socket.inet_aton(address) + bytes(284), (server, 67))
`

test('leases are renewed from their address, by its uplink', async () => {
  await forgetArrived(host)
  await host.run(['/usr/bin/python3', '-c', renewing, server.inet, '10.1.0.2', '10.2.0.2'])
  await expect
    .poll(async () => [await arrived(host, 'isp1'), await arrived(host, 'isp2')])
    .toEqual([['udp 10.1.0.2'], ['udp 10.2.0.2']])
})

/** Gives back what it is sent. */
const echo = `
import socket
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.bind(('${server.inet}', 7000))
while True: one.sendto(*one.recvfrom(100))
`

/** Goes on asking, the kernel chooses from where each time. */
const unconnected = `
import socket, time
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    one.sendto(b'x', ('${server.inet}', 7000))
    time.sleep(0.1)
`

test('check names a program whose UDP has no address of its own and goes on, and no service', async () => {
  const check = async () => (await host.ifbalance(['check'])).stdout
  expect(await check()).not.toContain('UDP of')
  for (const isp of ['isp1', 'isp2'] as const) host.start(inside(isp, ['/usr/bin/python3', '-c', echo]))
  host.start(['/usr/bin/python3', '-c', unconnected])
  await expect
    .poll(check, { timeout: patienceMs, interval: 500 })
    .toMatch(/^ok .* UDP of python3[\d.]* leaves by sockets without/m)
})
