/** What comes in by an uplink is answered by it: services of this host and behind it, whatever new connections use. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patienceMs } from '../lab/patience.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { inside, lanClient, makeProviders, server } from './providers.ts'

const families = ['inet', 'inet6'] as const
type Family = (typeof families)[number]
const isps = ['isp1', 'isp2'] as const

/** Answers everything with its name and what it was asked, over UDP by one unconnected socket for all addresses. */
const service = `
const [name] = process.argv.slice(1)
const answer = (text) => name + ' ' + text
require('net').createServer((socket) => socket.on('error', () => {}).on('data', (data) => socket.write(answer(data)))).listen(7000, '::')
for (const [type, address] of [['udp4', '0.0.0.0'], ['udp6', '::']]) {
  const socket = require('dgram').createSocket({ type, ipv6Only: type === 'udp6' })
  socket.on('message', (data, { port, address }) => socket.send(answer(data), port, address))
  socket.bind(7000, address)
}
console.error('ready')
`

/** Twelve questions from the server's address, each from a port of its own; prints how many answers there were, by text. */
const client = `
const [protocol, from, to, port] = process.argv.slice(1)
const counts = {}
const count = (text) => { counts[text] = (counts[text] ?? 0) + 1 }
const tcp = () => new Promise((resolve) => {
  const socket = require('net').connect({ host: to, port, localAddress: from })
  socket.setTimeout(10_000, () => socket.destroy(new Error('silence')))
  socket.on('error', (error) => { count(error.code ?? error.message); resolve() })
  socket.on('connect', () => socket.write('tcp'))
  socket.on('data', (data) => { count(String(data)); socket.destroy(); resolve() })
})
const udp = () => new Promise((resolve) => {
  const socket = require('dgram').createSocket(to.includes(':') ? 'udp6' : 'udp4')
  const timer = setTimeout(() => { count('silence'); socket.close(); resolve() }, 10_000)
  socket.on('message', (data) => { count(String(data)); clearTimeout(timer); socket.close(); resolve() })
  socket.bind(0, from, () => socket.connect(port, to, () => socket.send('udp')))
})
Promise.all(Array.from({ length: 12 }, protocol === 'tcp' ? tcp : udp)).then(() => console.log(JSON.stringify(counts)))
`

const script = (text: string, ...args: readonly string[]) => [
  ...[process.execPath, '--input-type=commonjs', '--eval', text],
  ...args,
]

let host: Host
let daemon: Running

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  await host.start(script(service, 'host')).says(/ready/)
  await host.start(inside('lan', script(service, 'lan'))).says(/ready/)
})
afterAll(async () => {
  daemon?.signal('SIGTERM')
  await daemon?.ended
  await host?.end()
})

/** Asks the host's address of this uplink through the uplink, from an address that both providers have. */
async function ask(isp: (typeof isps)[number], family: Family, protocol: 'tcp' | 'udp', port = 7000) {
  const i = isp.slice(-1)
  const to = family === 'inet' ? `10.${i}.0.2` : `2001:db8:${i}::2`
  const { stdout } = await host.run(inside(isp, script(client, protocol, server[family], to, String(port))))
  return JSON.parse(stdout)
}

/** All questions of one provider at once: the other's come from the same address, and may come from the same port. */
async function expectAnswers(name: string, port = 7000): Promise<void> {
  for (const isp of isps) {
    const kinds = families.flatMap((family) => (['tcp', 'udp'] as const).map((protocol) => ({ family, protocol })))
    const answers = await Promise.all(kinds.map(({ family, protocol }) => ask(isp, family, protocol, port)))
    expect(answers, isp).toEqual(kinds.map(({ protocol }) => ({ [`${name} ${protocol}`]: 12 })))
  }
}

/** Port forwards of the administrator's own, by a nat chain of this priority. */
async function forward(priority: number): Promise<void> {
  await host.run([
    'nft',
    `table inet forwards {
      chain prerouting {
        type nat hook prerouting priority ${priority}
        meta l4proto { tcp, udp } meta nfproto ipv4 th dport 8000 dnat ip to ${lanClient.inet}:7000
        meta l4proto { tcp, udp } meta nfproto ipv6 th dport 8000 dnat ip6 to [${lanClient.inet6}]:7000
      }
    }`,
  ])
}

/** What probes ask by default: behind one provider only. */
const resolvers = ['1.1.1.1', '8.8.8.8', '9.9.9.9', '2606:4700:4700::1111', '2001:4860:4860::8888', '2620:fe::fe']

async function stateOf(uplink: string): Promise<string | undefined> {
  const { uplinks } = JSON.parse((await host.ifbalance(['status', '--json'])).stdout)
  return uplinks.find(({ name }: { name: string }) => name === uplink)?.state
}

const situations = [
  ['both uplinks in use', ''],
  ['one of them on standby', '[uplink wan2]\ninterface = wan2\nstandby = yes\n'],
  ['one alone, by failover', '[balance]\nmode = failover\n'],
  ['one of them offline', '[balance]\nprobe = icmp\n'],
] as const

describe.each(situations)('%s', (_, config) => {
  test('is so', async () => {
    await host.write('/etc/ifbalance/conf.d/99-test.conf', config)
    await host.ifbalance(['apply'])
    if (config.includes('icmp')) {
      const probed = resolvers.map((address) => `address add ${address} dev lo`).join('\n')
      await host.run(['ip', '-n', 'isp1', '-batch', '-'], {}, { input: probed })
      await expect.poll(() => stateOf('wan2'), { timeout: patienceMs }).toBe('offline')
      // Before its provider had what is asked, nobody answered behind either.
      await expect.poll(() => stateOf('wan1'), { timeout: patienceMs }).toBe('online')
    }
    // What is known of a line is told a moment before all has been done about it.
    const plan = async () => (await host.ifbalance(['plan'])).stdout
    await expect.poll(plan, { timeout: patienceMs }).toBe('Nothing to change.\n')
  })

  test('services of this host', () => expectAnswers('host'))

  test.each([
    ['before ours', -160],
    ['after ours', -100],
  ])('port forwards, translated %s', async (_name, priority) => {
    try {
      await forward(priority)
      await expectAnswers('lan', 8000)
    } finally {
      await host.run(['nft', 'delete', 'table', 'inet', 'forwards'])
    }
  })
})
