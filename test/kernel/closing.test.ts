/** The article's types of routes: which error each gives to this host's programs, and to those behind it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { arrived, forgetArrived, inside, makeProviders, server, setCarrier } from './providers.ts'

/** What connect(2) gives a local sender, and what ping(8) says of the ICMP message; null for silence. */
const errors = {
  unreachable: {
    local: 'EHOSTUNREACH',
    inet: 'Destination Host Unreachable',
    inet6: 'Destination unreachable: No route',
  },
  prohibit: {
    local: 'EACCES',
    inet: 'Packet filtered',
    inet6: 'Destination unreachable: Administratively prohibited',
  },
  blackhole: { local: 'EINVAL', inet: null, inet6: null },
} as const
const types = ['unreachable', 'prohibit', 'blackhole'] as const
const families = ['inet', 'inet6'] as const

let host: Host
let daemon: Running

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
})
afterAll(async () => {
  daemon?.signal('SIGTERM')
  await daemon?.ended
  await host?.end()
})

async function configure(line: string): Promise<void> {
  await host.write('/etc/ifbalance/ifbalance.conf', `[balance]\n${line}\n`)
  expect((await host.ifbalance(['apply'])).stderr).toBe('')
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
}

async function setLink(isp: 'isp1' | 'isp2', state: 'up' | 'down'): Promise<void> {
  await setCarrier(host, isp, state)
  await host.ifbalance(['apply'])
}

/** What a socket's connect(2) to a server gives, bound to an address or not. */
async function connect(family: (typeof families)[number], from?: string): Promise<string> {
  const script = `const [server, from] = process.argv.slice(1)
    const socket = require('dgram').createSocket(server.includes(':') ? 'udp6' : 'udp4')
    const connect = () => socket.connect(9, server, (error) => (console.log(error?.code ?? 'connected'), socket.close()))
    from ? socket.bind(0, from, connect) : connect()`
  const argv = [process.execPath, '--input-type=commonjs', '--eval', script, server[family], ...(from ? [from] : [])]
  return (await host.run(argv)).stdout.trim()
}

/** What ping says, on both its outputs. */
async function ping(where: readonly string[], address: string, ...options: readonly string[]): Promise<string> {
  const argv = [...where, 'ping', '-n', '-c', '1', '-W', '1', ...options, address]
  const { stdout, stderr } = await host.run(argv, {}, { accept: [0, 1, 2] })
  return stdout + stderr
}

/** `From 192.168.77.1 icmp_seq=1 Destination Host Unreachable` -> the end of it; null where nobody answered. */
function icmpError(said: string): string | null {
  expect(said).toMatch(/, 0 received/)
  return /^From \S+ icmp_seq=1 (.*)$/m.exec(said)?.[1] ?? null
}

describe('last-resort, when no uplink is usable', () => {
  beforeAll(async () => {
    await setLink('isp1', 'down')
    await setLink('isp2', 'down')
  })
  afterAll(async () => {
    await configure('')
    await setLink('isp1', 'up')
    await setLink('isp2', 'up')
  })

  test.each(types)('%s', async (type) => {
    await configure(`last-resort = ${type}`)
    for (const family of families) {
      expect(await connect(family), family).toBe(errors[type].local)
      expect(icmpError(await ping(inside('lan', []), server[family])), family).toBe(errors[type][family])
    }
  })

  test('main: what main has, which is nothing that works', async () => {
    await configure('last-resort = main')
    for (const family of families) expect(await ping([], server[family])).not.toContain(' 1 received')
  })
})

describe('closing-route, for what belongs to an uplink without a way out', () => {
  const bound = { inet: '10.1.0.2', inet6: '2001:db8:1::2' } as const

  beforeAll(async () => {
    // What a connection's mark would do, for a connection of any time.
    const rule = 'iifname "lan0" meta mark set 0x41000000'
    const chain = `chain prerouting { type filter hook prerouting priority -100; ${rule}; }`
    await host.run(['nft', `table inet pin { ${chain}; }`])
    await setLink('isp1', 'down')
  })

  test.each(types)('%s', async (type) => {
    await configure(`closing-route = ${type}`)
    await forgetArrived(host)
    for (const family of families) {
      expect(await connect(family, bound[family]), family).toBe(errors[type].local)
      expect(icmpError(await ping(inside('lan', []), server[family])), family).toBe(errors[type][family])
    }
    expect(await arrived(host, 'isp2')).toEqual([])
  })

  test('throw: by the balanced default, with the address of the uplink that it takes', async () => {
    await configure('closing-route = throw')
    await forgetArrived(host)
    for (const family of families) {
      expect(await ping([], server[family], '-I', bound[family])).toContain(' 1 received')
      expect(await ping(inside('lan', []), server[family])).toContain(' 1 received')
    }
    expect(await arrived(host, 'isp2')).toEqual(['icmp 10.2.0.2', 'ipv6-icmp 2001:db8:2::2'])
  })

  test('throw, and nothing behind: as where there is no route', async () => {
    await configure('closing-route = throw')
    await setLink('isp2', 'down')
    for (const route of ['-4', '-6'].flatMap((family) => [1, 2].map((i) => [family, 'dev', `wan${i}`])))
      await host.run(['ip', route[0] ?? '', 'route', 'del', 'default', ...route.slice(1)], {}, { accept: [0, 2] })
    await host.ifbalance(['apply'])
    for (const family of families) {
      expect(await connect(family, bound[family]), family).toBe('ENETUNREACH')
      const expected = { inet: 'Destination Net Unreachable', inet6: 'Destination unreachable: No route' }
      expect(icmpError(await ping(inside('lan', []), server[family]))).toBe(expected[family])
    }
  })
})
