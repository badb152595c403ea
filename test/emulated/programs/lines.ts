/**
 * Lines by real pppd and real concentrators, on a kernel that has PPP. Runs in the emulated machine, in whose first network
 * namespace the host is; each provider has one of its own, with its own /etc/ppp and /run. Prints one JSON object.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { command } from '../../lab/command.ts'
import { projectFolder } from '../paths.ts'

const deb = `${projectFolder}/deb`
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const sh = async (line: string) => (await command(['/bin/sh', '-ec', line], { accept: [0] })).stdout
const ip = (line: string) => command(['/usr/sbin/ip', ...line.split(' ')])

/** What the daemon said, for messages. */
const log = '/run/daemon.log'

/** Waits until it holds, by the machine's own clock, and gives how many milliseconds that took. */
async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 30_000): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > timeoutMs)
      throw new Error(
        `never: ${what}\n${await sh('ip a; ip rule; ip route show table all')}\n${readFileSync(log, 'utf8')}`,
      )
    await pause(50)
  }
  return performance.now() - began
}

async function carriers(): Promise<string> {
  const { stdout } = await command(['/usr/sbin/ip', 'route', 'show', 'default', 'table', '30098'], { accept: [0, 2] })
  const [best = ''] = /^default.*\n(\s+nexthop.*\n)*/m.exec(stdout) ?? []
  return [...best.matchAll(/dev (\S+)/g)]
    .map(([, device]) => device ?? '')
    .sort()
    .join(' ')
}

const untilCarriers = (wanted: string) => until(`carried by ${wanted}`, async () => (await carriers()) === wanted)

/** A provider whose concentrator answers on the cable `eth<number>`, or on a VLAN of it; its lines get 10.64.<number>.x. */
async function startProvider(number: number, { vlan }: { readonly vlan?: number } = {}): Promise<void> {
  const [isp, near, far] = [`isp${number}`, `eth${number}`, `core${number}`]
  const folder = `/etc/netns/${isp}/ppp`
  mkdirSync(folder, { recursive: true })
  for (const name of ['chap-secrets', 'pap-secrets', 'options']) writeFileSync(`${folder}/${name}`, '')
  const options = `noauth\nnodefaultroute\nms-dns 198.51.100.5${number}\nms-dns 203.0.113.53\n`
  writeFileSync(`${folder}/pppoe-server-options`, options)
  await ip(`netns add ${isp}`)
  await ip(`link add ${near} type veth peer name ${far} netns ${isp}`)
  await ip(`link set ${near} up`)
  await ip(`-n ${isp} link set ${far} up`)
  const port = vlan === undefined ? far : `${far}.${vlan}`
  if (vlan !== undefined) {
    await ip(`-n ${isp} link add ${port} link ${far} type vlan id ${vlan}`)
    await ip(`-n ${isp} link set ${port} up`)
  }
  // All concentrators have one address, as it is with one provider's.
  const server = `pppoe-server -k -g rp-pppoe.so -I ${port} -L 10.64.64.1 -R 10.64.${number}.2 -N 20`
  await sh(`ip netns exec ${isp} sh -c 'mount -t tmpfs t /run; ${server}'`)
}

/** The provider's forced disconnect: its end of the session goes. */
async function disconnect(number: number): Promise<void> {
  await sh(`pkill -f '^pppd .*nic-core${number}[. ]'`)
}

async function addressOf(device: string): Promise<string> {
  const { stdout } = await command(['/usr/sbin/ip', '-4', '-o', 'address', 'show', 'dev', device], { accept: [0, 1] })
  return /inet (\S+)/.exec(stdout)?.[1] ?? ''
}

/** A connection of the host's that hangs in the middle of nowhere; `error` is '' until it has ended. */
function hold(device: string, address: string): { readonly error: () => string } {
  const code = `require('net').connect({host:'192.0.2.1',port:9,localAddress:'${address}'}).on('error',e=>console.log(e.code))`
  const file = `/run/held-${device}`
  spawn(process.execPath, ['-e', code], { stdio: ['ignore', openSync(file, 'w'), 'ignore'] }).unref()
  return { error: () => readFileSync(file, 'utf8').trim() }
}

async function connecting(address: string): Promise<boolean> {
  return (await command(['/usr/bin/ss', '-Hnt', 'state', 'syn-sent', 'src', address])).stdout.trim() !== ''
}

/** The lines are there first; then what installing puts on the host, and what postinst does. */
async function install(): Promise<void> {
  await sh(`ln -s ${deb}/usr/sbin/ifbalance /usr/sbin/ifbalance; mkdir -p /etc/ifbalance`)
  for (const folder of ['ip-up.d', 'ip-down.d']) await sh(`cp ${deb}/etc/ppp/${folder}/ifbalance /etc/ppp/${folder}/`)
  writeFileSync('/etc/ifbalance/ifbalance.conf', '[balance]\nprobe = none\n')
  await command(['/usr/sbin/ifbalance', 'hook', 'ppp-lines'])
  const file = openSync(log, 'w')
  spawn('/usr/sbin/ifbalance', ['daemon'], { stdio: ['ignore', file, file], detached: true }).unref()
}

async function status(): Promise<{ readonly uplinks: readonly Status[]; readonly warnings: readonly unknown[] }> {
  return JSON.parse((await command(['/usr/sbin/ifbalance', 'status', '--json'], { accept: [0, 1] })).stdout)
}

interface Status {
  readonly name: string
  readonly interface: string
  readonly state: string
  readonly why?: string
  readonly number: number
}

/** Each line's own name server, by its line; what both have named is asked by either. */
const untilServers = () =>
  until('name servers are asked by their lines', async () => {
    const routes = (await sh('ip route show table 30098')).match(/^(198|203)\S* dev \S+/gm) ?? []
    return routes.sort().join() === '198.51.100.51 dev ppp0,198.51.100.52 dev dsl'
  })

async function play(): Promise<object> {
  await sh('modprobe -a pppoe 8021q')
  await startProvider(1)
  await startProvider(2, { vlan: 7 })
  await ip('link add eth2.7 link eth2 type vlan id 7')
  await ip('link set eth2.7 up')
  const common = 'plugin rp-pppoe.so\nnoauth\nusepeerdns\nnoipdefault\npersist\nmaxfail 0\nholdoff 1\n'
  writeFileSync('/etc/ppp/peers/common', common)
  writeFileSync('/etc/ppp/peers/one', 'call common\neth1\ndefaultroute\n')
  writeFileSync('/etc/ppp/options.dsl', 'defaultroute\ndefaultroute-metric 200\nifname dsl\n')
  writeFileSync('/etc/ppp/peers/two', 'call common\nnic-eth2.7\nfile /etc/ppp/options.dsl\n')
  // One by ifupdown, one as a unit of its own would run it.
  writeFileSync('/etc/network/interfaces', 'iface first inet ppp\n  provider one\n')
  await sh('ifup first')
  spawn('/usr/sbin/pppd', ['call', 'two', 'nodetach'], { stdio: 'ignore', detached: true }).unref()
  await until(
    'both lines are up',
    async () => (await addressOf('ppp0')) !== '' && (await addressOf('dsl')) !== '',
    60_000,
  )

  const began = performance.now()
  await install()
  await untilCarriers('dsl ppp0')
  const installed = performance.now() - began
  await untilServers()
  const first = { installed, warnings: (await status()).warnings }

  // The provider of one line ends its session; the next one has another address.
  const [kept, former] = [await addressOf('ppp0'), await addressOf('dsl')]
  const [other, stuck] = [hold('ppp0', kept), hold('dsl', former)]
  await until('both connect', async () => (await connecting(kept)) && (await connecting(former)))
  const before = (await status()).uplinks
  await disconnect(2)
  const away = await untilCarriers('ppp0')
  await until('another address', async () => ![former, ''].includes(await addressOf('dsl')), 60_000)
  const back = await untilCarriers('dsl ppp0')
  await until('the former address is told to its connection', async () => stuck.error() !== '')
  const numbers = (uplinks: readonly Status[]) => uplinks.map(({ interface: device, number }) => `${device} ${number}`)
  await untilServers()
  const redial = { away, back, stuck: stuck.error(), other: other.error() }
  const same = numbers(before).join() === numbers((await status()).uplinks).join()

  // The cable below: PPPoE's session has a carrier until its echoes fail, so the kernel says nothing of it.
  await ip('-n isp2 link set core2 down')
  const cut = await untilCarriers('ppp0')
  const reason = (await status()).uplinks.find(({ interface: device }) => device === 'dsl')?.why
  await ip('-n isp2 link set core2 up')
  const healed = await untilCarriers('dsl ppp0')
  return { ...first, redial, same, cable: { cut, reason, healed, other: other.error() } }
}

/** A provider at the other end of a cable, with the internet in its lo: `set up` says what the host makes of the near end. */
async function plug(near: string, { vlans = [] as readonly number[], address = '' }): Promise<void> {
  const isp = `at-${near}`
  await ip(`netns add ${isp}`)
  await ip(`link add ${near} type veth peer name far netns ${isp}`)
  await ip(`-n ${isp} addr add 203.0.113.1/32 dev lo`)
  for (const device of ['lo', 'far']) await ip(`-n ${isp} link set ${device} up`)
  if (address !== '') await ip(`-n ${isp} addr add ${address} dev far`)
  for (const vlan of vlans) {
    await ip(`-n ${isp} link add far.${vlan} link far type vlan id ${vlan}`)
    await ip(`-n ${isp} addr add 10.70.${vlan}.1/24 dev far.${vlan}`)
    await ip(`-n ${isp} link set far.${vlan} up`)
  }
  await ip(`link set ${near} up`)
}

async function useStatic(device: string, net: string, metric: number): Promise<void> {
  await ip(`link set ${device} up`)
  await ip(`addr add ${net}.2/24 dev ${device}`)
  await ip(`route add default via ${net}.1 dev ${device} metric ${metric}`)
}

/** What holds of uplinks on one cable: they carry, each answers by itself, and all are out once the cables are pulled. */
async function holds(devices: readonly string[], cables: readonly string[]): Promise<object> {
  const carry = async (wanted: boolean) => {
    const now = (await carriers()).split(' ')
    return devices.every((device) => now.includes(device) === wanted)
  }
  await until(`${devices} carry`, () => carry(true))
  const pinged: string[] = []
  for (const device of devices) {
    const argv = ['/usr/bin/ping', '-c', '3', '-i', '0.2', '-W', '5', '-I', device, '203.0.113.1']
    if ((await command(argv, { accept: [0, 1] })).exitCode === 0) pinged.push(device)
  }
  for (const cable of cables) await ip(`-n at-${cable} link set far down`)
  const out = await until(`${devices} are out`, () => carry(false))
  for (const cable of cables) await ip(`-n at-${cable} link set far up`)
  await until(`${devices} carry again`, () => carry(true))
  return { pinged, out }
}

/** The layouts of docs/layouts.md that need this kernel. */
async function layouts(): Promise<object> {
  await sh('modprobe -a bonding vrf macvlan bridge')
  writeFileSync('/etc/ifbalance/ifbalance.conf', '[balance]\nprobe = none\n[uplink bridged]\ninterface = br8\n')
  await command(['/usr/sbin/ifbalance', 'reload'])

  await plug('trunk', { vlans: [5, 6] })
  const stanza = (vlan: number) =>
    `iface trunk.${vlan} inet static\n  address 10.70.${vlan}.2/24\n  gateway 10.70.${vlan}.1\n  metric ${300 + vlan}\n`
  writeFileSync('/etc/network/interfaces', `${stanza(5)}${stanza(6)}`)
  await sh('ifup trunk.5; ifup trunk.6')
  const vlans = await holds(['trunk.5', 'trunk.6'], ['trunk'])

  await plug('one', { address: '10.71.0.1/24' })
  await plug('two', { address: '10.71.0.1/24' })
  await ip('link add bond0 type bond mode active-backup miimon 100')
  for (const port of ['one', 'two'])
    await sh(`ip link set ${port} down; ip link set ${port} master bond0; ip link set ${port} up`)
  await useStatic('bond0', '10.71.0', 310)
  const bond = await holds(['bond0'], ['one', 'two'])

  await plug('uplink', { vlans: [8] })
  await sh(
    'ip link add uplink.8 link uplink type vlan id 8; ip link add br8 type bridge; ip link set uplink.8 master br8 up',
  )
  await useStatic('br8', '10.70.8', 320)
  const bridge = await holds(['br8'], ['uplink'])

  await plug('card', { address: '10.73.0.1/24' })
  await ip('link add mv0 link card type macvlan')
  await useStatic('mv0', '10.73.0', 330)
  const macvlan = await holds(['mv0'], ['card'])

  for (const stick of ['stick1', 'stick2']) await plug(stick, { address: '192.168.8.1/24' })
  for (const [index, stick] of ['stick1', 'stick2'].entries()) {
    await sh(`ip link set ${stick} up; ip addr add 192.168.8.100/24 dev ${stick}`)
    await ip(`route add default via 192.168.8.1 dev ${stick} metric ${340 + index}`)
  }
  const sticks = await holds(['stick1', 'stick2'], ['stick1', 'stick2'])

  await plug('apart', { address: '10.75.0.1/24' })
  await sh('ip link add blue type vrf table 1075; ip link set blue up; ip link set apart master blue')
  await sh('ip addr add 10.75.0.2/24 dev apart; ip route add default via 10.75.0.1 dev apart table 1075')
  await until('a port of a VRF is told of', async () => JSON.stringify((await status()).warnings).includes('VRF blue'))
  const vrf = (await status()).uplinks.filter(({ interface: device }) => device === 'apart').length
  return { vlans, bond, bridge, macvlan, sticks, vrf }
}

const seen = await play()
console.log(JSON.stringify(process.argv[2] === 'long' ? { ...seen, layouts: await layouts() } : seen))
process.exit(0)
