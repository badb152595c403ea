/**
 * WireGuard tunnels of the host go where new connections go. The program that speaks WireGuard here is wireguard-go, which
 * keeps its source address as the kernel's does.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { command, inNamespace, ipBatch, monotonicMs, type Running, start, waitForLine } from '../lab/command.ts'
import { record } from '../lab/measurements.ts'
import { addresses } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { blackhole, type HealthLab, healthLab, mend, namespaceOf } from './health-lab.ts'
import { restart, until, untilCarriers, untilJudged } from './health-states.ts'

const port = 51820
/** Whom a rule has on the second line. */
const elsewhere = { address: '203.0.113.9', port: 51829, inside: '10.99.9.1', device: 'wgfar9' } as const
let lab: HealthLab
let far: Running
let usualKey: string
let elsewhereKey: string

/** An interface of WireGuard, by a program that stays in the foreground; prints its public key. */
const tunnel = (name: string, address: string) => `set -e
mkdir -p /run/wireguard
wireguard-go -f ${name} >/dev/null 2>&1 &
for i in $(seq 100); do wg show ${name} >/dev/null 2>&1 && break; sleep 0.1; done
wg genkey >/run/${name}.key
wg set ${name} private-key /run/${name}.key
ip address add ${address}/24 dev ${name}
ip link set ${name} up
echo "key $(wg pubkey </run/${name}.key)"`

beforeAll(async () => {
  lab = await healthLab({ ipv6: true })
  const ends = `${tunnel('wgfar', '10.99.0.1')}; ${tunnel(elsewhere.device, elsewhere.inside)}`
  const inside = ['/usr/bin/unshare', '-m', '/bin/sh', '-c', `mount -t tmpfs t /run; ${ends}; wait`]
  await ipBatch(lab.network.internet, [`address add ${elsewhere.address}/32 dev lo`])
  far = await start(inNamespace(lab.network.internet, inside))
  lab.undo.defer('the far end', () => far.stop())
  const keys: string[] = []
  await waitForLine(far, (line) => line.startsWith('key ') && keys.push(line.slice(4)) === 2)
  ;[usualKey = '', elsewhereKey = ''] = keys
  const near = await lab.start(['/bin/sh', '-c', `${tunnel('wg0', '10.99.0.2')}; wait`])
  const nearKey = (await waitForLine(near, (line) => line.startsWith('key '))).slice(4)
  await lab.exec(['/usr/sbin/ip', 'address', 'add', '10.99.9.2/24', 'dev', 'wg0'])
  await atFarEnd(`wg set wgfar listen-port ${port} peer ${nearKey} allowed-ips 10.99.0.2/32
    wg set ${elsewhere.device} listen-port ${elsewhere.port} peer ${nearKey} allowed-ips 10.99.9.2/32`)
  const peer = (key: string, endpoint: string, inside: string) =>
    `wg set wg0 peer ${key} endpoint ${endpoint} allowed-ips ${inside}/32 persistent-keepalive 25`
  await lab.exec(['/bin/sh', '-c', peer(usualKey, `${addresses.server}:${port}`, '10.99.0.1')])
  await lab.exec(['/bin/sh', '-c', peer(elsewhereKey, `${elsewhere.address}:${elsewhere.port}`, elsewhere.inside)])
})
beforeEach(async () => {
  for (const number of [1, 2] as const) {
    await carrier(number, 'up')
    await mend(lab.network, number)
  }
})
afterAll(() => lab?.dispose())

const carrier = (number: 1 | 2, state: 'up' | 'down') =>
  command(['/usr/sbin/ip', '-n', namespaceOf(lab.network, number), 'link', 'set', 'sub', state])

const atFarEnd = (script: string) =>
  command(['/usr/bin/nsenter', '-t', String(far.pid), '-m', '-n', '/bin/sh', '-c', script])

/** Where the far end hears the tunnel from: a provider's public address. */
async function heardFrom(device: string): Promise<string> {
  return (await atFarEnd(`wg show ${device} endpoints`)).stdout.replace(/^.*\t(.*):\d+\n$/s, '$1')
}

const usual = { inside: '10.99.0.1', device: 'wgfar' } as const
type Peer = typeof usual | typeof elsewhere

const answers = async ({ inside }: Peer = usual) =>
  (await lab.exec(['/usr/bin/ping', '-c', '1', '-W', '1', inside])).includes(' 0% ')

/** Gives the ms until it answers by this provider. */
async function untilBy(isp: 1 | 2, peer: Peer = usual): Promise<number> {
  const begun = monotonicMs()
  const isSo = async () => (await answers(peer)) && (await heardFrom(peer.device)) === addresses.publicOf(isp)
  await until(lab, `the tunnel answers by provider ${isp}`, isSo, longPatienceMs)
  return monotonicMs() - begun
}

/** The first line dies and lives again: the tunnel goes by the other meanwhile, and comes back. */
async function failAndMend(): Promise<void> {
  await blackhole(lab.network, 1)
  await untilCarriers(lab, ['wan2'])
  await untilBy(2)
  await mend(lab.network, 1)
  await untilCarriers(lab, ['wan1'], '-4', longPatienceMs)
  await untilBy(1)
}

const standby = '[uplink wan2]\nstandby = yes\n'
const figure = { unit: 'ms', release: 'namespaces', stack: 'wireguard-go' }

test('a tunnel on a line that dies goes on by the other, and comes back', async () => {
  await restart(lab, standby)
  await untilJudged(lab, 4)
  await untilBy(1)
  await blackhole(lab.network, 1)
  await untilCarriers(lab, ['wan2'])
  record({ ...figure, name: 'verdict -> WireGuard answers by the other line', value: await untilBy(2), limit: 1500 })
  await mend(lab.network, 1)
  await untilCarriers(lab, ['wan1'], '-4', longPatienceMs)
  // Silent till then: what its program is given by the second line, and still has under way when it is moved, has it back there.
  const begun = monotonicMs()
  const moves = () => lab.told({ event: 'tunnel', peer: usualKey }).length
  await expect.poll(moves).toBe(2)
  await untilBy(1)
  const back = monotonicMs() - begun
  record({ ...figure, name: 'failback -> WireGuard answers by the first line', value: back, limit: 6000 })
  expect(moves()).toBe(2)
})

/** A connection by the second line that the tunnel no longer uses, such as one that it had there before a failback. */
async function leaveOver(): Promise<void> {
  const ownPort = (await lab.exec(['/usr/bin/wg', 'show', 'wg0', 'listen-port'])).trim()
  const ends = ['-s', '10.2.0.50', '-d', addresses.server, '--sport', ownPort, '--dport', String(port)]
  const kept = ['-t', '120', '-u', 'SEEN_REPLY', '--mark', '0x42000000']
  await lab.exec(['/usr/sbin/conntrack', '-I', '-p', 'udp', ...ends, ...kept])
}

/** What wg-quick(8) does where a tunnel is for all addresses: the connection has the mark of its packets, and nothing of ours. */
const marking = `table inet wg-quick {
  chain arriving { type filter hook prerouting priority mangle; meta l4proto udp meta mark set ct mark; }
  chain leaving { type filter hook postrouting priority mangle; meta l4proto udp meta mark 51820 ct mark set meta mark; }
}`

test('a tunnel whose mark is written over ours, as by wg-quick, follows as well', async () => {
  await restart(lab, standby)
  await untilJudged(lab, 4)
  await lab.exec(['/usr/bin/wg', 'set', 'wg0', 'fwmark', '51820'])
  await lab.exec(['/usr/sbin/nft', '-f', '-'], marking)
  await lab.exec(['/usr/sbin/conntrack', '-D', '-p', 'udp', '--dport', String(port)])
  await untilBy(1)
  await failAndMend()
  await lab.exec(['/usr/sbin/nft', 'delete', 'table', 'inet', 'wg-quick'])
  await lab.exec(['/usr/bin/wg', 'set', 'wg0', 'fwmark', '0'])
})

test('a lost carrier, and a tunnel on a line that stays is not touched', async () => {
  await restart(lab, standby)
  await untilJudged(lab, 4)
  await untilBy(1)
  await carrier(2, 'down')
  await lab.tells({ event: 'uplink', uplink: 'wan2', to: 'down' })
  await carrier(2, 'up')
  await untilJudged(lab, 4)
  expect(lab.told({ event: 'tunnel', peer: usualKey })).toEqual([])
  await leaveOver()
  await carrier(1, 'down')
  await untilCarriers(lab, ['wan2'])
  record({
    ...figure,
    name: 'lost carrier -> WireGuard answers by the other line',
    value: await untilBy(2),
    limit: 1500,
  })
  await carrier(1, 'up')
  await untilCarriers(lab, ['wan1'], '-4', longPatienceMs)
  await untilBy(1)
})

/** One end of a conversation over UDP; the one that is to answer goes on without a pause, and says whom it hears. */
const talking = `
import select, socket, sys, time
here, own, peer, port = sys.argv[1:]
one = socket.socket(socket.AF_INET6 if ':' in here else socket.AF_INET, socket.SOCK_DGRAM)
if ':' in here: one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
one.bind((here, int(own)))
to, heard, due = (peer, int(port)) if peer else None, None, 0
print('ready', flush=True)
while True:
    if select.select([one], [], [], max(0, due - time.monotonic()))[0]:
        sender = one.recvfrom(100)[1]
        if not peer:
            if sender[0] != heard: print('hears', sender[0], flush=True)
            to, heard = sender, sender[0]
    if time.monotonic() >= due:
        due = time.monotonic() + (1 if peer else 0.02)
        try:
            if to: one.sendto(b'x', to)
        except OSError: pass
`

/** Starts a conversation between fixed ports, here without an address of its own; gives what waits for it to come by this provider. */
async function talk(farAddress: string, publicOf: (isp: 1 | 2) => string) {
  const any = farAddress.includes(':') ? '::' : '0.0.0.0'
  const heard: string[] = []
  const far = await start(
    inNamespace(lab.network.internet, ['/usr/bin/python3', '-c', talking, farAddress, '7101', '', '0']),
  )
  lab.undo.defer('the far end of a conversation', () => far.stop())
  far.onLine((line) => heard.push(line))
  await lab.start(['/usr/bin/python3', '-c', talking, any, '7100', farAddress, '7101'])
  return async (isp: 1 | 2) => {
    const isSo = async () => heard.at(-1) === `hears ${publicOf(isp)}`
    await until(lab, `${farAddress} hears provider ${isp}`, isSo, longPatienceMs)
  }
}

test('what peers still send to a line that is left keeps nothing on it', async () => {
  await restart(lab, standby)
  await untilJudged(lab, 4)
  await untilBy(1)
  const talks = [await talk(addresses.server, addresses.publicOf), await talk(addresses.server6, addresses.public6Of)]
  const download = ['/usr/bin/nsenter', '-t', String(far.pid), '-n', '/usr/bin/ping', '-q', '-i', '0.01', '10.99.0.2']
  const busy = await start(download)
  lab.undo.defer('what is in the tunnel', () => busy.stop())
  for (const heardBy of talks) await heardBy(1)
  await blackhole(lab.network, 1, 'out')
  await untilCarriers(lab, ['wan2'])
  await untilCarriers(lab, ['wan2'], '-6')
  for (const heardBy of talks) await heardBy(2)
  await untilBy(2)
  await mend(lab.network, 1)
  await untilCarriers(lab, ['wan1'], '-4', longPatienceMs)
  await untilBy(1)
})

const rule = `[uplink wan1]\n[rule elsewhere]\ndestination = ${elsewhere.address}\nuplinks = wan2 wan1\nmode = failover\n`

const route = `${elsewhere.address} via 10.2.0.1 dev wan2`

test.each([
  ['a rule', rule, ':'],
  ['a route of table main', '', `ip route add ${route}`],
])('a tunnel that %s has on another line is left there', async (_, config, prepare) => {
  await lab.exec(['/bin/sh', '-c', prepare])
  await restart(lab, `${standby}${config}`)
  await untilJudged(lab, 4)
  // What has begun already stays where it is, whatever a rule says.
  await lab.exec(['/usr/sbin/conntrack', '-D', '-p', 'udp', '--dport', String(elsewhere.port)])
  await untilBy(1)
  await untilBy(2, elsewhere)
  // What the far end asks is no word of this host's, which would have late packets taken for answers.
  const asking = ['/usr/bin/nsenter', '-t', String(far.pid), '-n', '/usr/bin/ping', '-n', '-i', '0.05', '10.99.9.2']
  const busy = await start(asking)
  lab.undo.defer('what is in the other tunnel', () => busy.stop())
  let [last, silence] = [monotonicMs(), 0]
  busy.onLine((line) => {
    if (!line.includes(' bytes from ')) return
    silence = Math.max(silence, monotonicMs() - last)
    last = monotonicMs()
  })
  await failAndMend()
  const moved = () => lab.told({ event: 'tunnel', peer: elsewhereKey }).length
  expect(moved()).toBe(0)
  record({
    ...figure,
    name: 'WireGuard elsewhere, longest silence',
    value: Math.max(silence, monotonicMs() - last),
    limit: 500,
  })
  await lab.exec(['/bin/sh', '-c', `ip route del ${route} 2>/dev/null || :`])
})

test('a tunnel that a rule has on a line that carries nothing else leaves it when it dies, and comes back', async () => {
  await restart(lab, `${standby}${rule}`)
  await untilJudged(lab, 4)
  await lab.exec(['/usr/sbin/conntrack', '-D', '-p', 'udp', '--dport', String(elsewhere.port)])
  await untilBy(1)
  await untilBy(2, elsewhere)
  await blackhole(lab.network, 2)
  await lab.tells({ event: 'uplink', uplink: 'wan2', to: 'offline' })
  record({
    ...figure,
    name: 'verdict -> WireGuard by a rule leaves the dead line',
    value: await untilBy(1, elsewhere),
    limit: 1500,
  })
  await mend(lab.network, 2)
  await untilJudged(lab, 4)
  record({
    ...figure,
    name: 'the line is back -> WireGuard by a rule returns',
    value: await untilBy(2, elsewhere),
    limit: 6000,
  })
  expect(lab.told({ event: 'tunnel', peer: usualKey })).toEqual([])
})

test('with tunnels = leave, it stays where it is', async () => {
  await restart(lab, `[balance]\ntunnels = leave\n${standby}`)
  await untilJudged(lab, 4)
  await untilBy(1)
  await blackhole(lab.network, 1)
  await untilCarriers(lab, ['wan2'])
  expect(await answers()).toBe(false)
  await mend(lab.network, 1)
  expect(lab.told({ event: 'tunnel' })).toEqual([])
})
