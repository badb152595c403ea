/**
 * Lines by real pppd and real concentrators, on a kernel that has PPP. Runs in the emulated machine, in whose first network
 * namespace the host is; each provider has one of its own, with its own /etc/ppp and /run. Prints one JSON object. Arguments: what is tried
 * with them, `redial`, `dials` and `layouts`.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { command } from '../../lab/command.ts'
import { projectFolder } from '../paths.ts'
import { addressOf, deb, far, holds, ip, log, plug, startProvider, status, until, untilCarriers } from './ppp-lab.ts'
import { redialled } from './redial.ts'
import { sh } from './sh.ts'

/** The lines are there first; then what installing puts on the host, and what postinst does. */
async function install(): Promise<void> {
  await sh(`ln -s ${deb}/usr/sbin/ifbalance /usr/sbin/ifbalance; mkdir -p /etc/ifbalance`)
  for (const folder of ['ip-up.d', 'ip-down.d']) await sh(`cp ${deb}/etc/ppp/${folder}/ifbalance /etc/ppp/${folder}/`)
  writeFileSync('/etc/ifbalance/ifbalance.conf', '[balance]\nprobe = none\n')
  await command(['/usr/sbin/ifbalance', 'hook', 'ppp-lines'])
  const file = openSync(log, 'w')
  spawn('/usr/sbin/ifbalance', ['daemon'], { stdio: ['ignore', file, file], detached: true }).unref()
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
  await until('both lines are up', async () => (await addressOf('ppp0')) !== '' && (await addressOf('dsl')) !== '', {
    timeoutMs: 60_000,
  })

  const began = performance.now()
  await install()
  await untilCarriers('dsl ppp0', 50)
  const installed = performance.now() - began
  await untilServers()
  return { installed, warnings: (await status()).warnings }
}

/** One is dialled anew, and the cable below it is pulled. */
async function redialAndPull(): Promise<object> {
  const { seen: redial, other } = await redialled('dsl', 2, 'ppp0')
  await untilServers()

  // The cable below: PPPoE's session has a carrier until its echoes fail, so the kernel says nothing of it.
  await ip('-n isp2 link set core2 down')
  const cut = await untilCarriers('ppp0', 50)
  const reason = (await status()).uplinks.find(({ interface: device }) => device === 'dsl')?.why
  await ip('-n isp2 link set core2 up')
  const healed = await untilCarriers('dsl ppp0')
  return { redial, cable: { cut, reason, healed, other: other.error() } }
}

/** What pppd's configuration may do beside that: take main's default for itself, and dial by a modem. */
async function otherDials(): Promise<object> {
  const mainDefault = async () => /^default .*dev (\S+)/m.exec(await sh('ip route show default'))?.[1]
  const hangUp = async (peer: string) => {
    await sh(`pkill -f '^/usr/sbin/pppd call ${peer}'`)
  }
  const dial = (peer: string) =>
    spawn('/usr/sbin/pppd', ['call', peer, 'nodetach'], { stdio: 'ignore', detached: true }).unref()

  await hangUp('two')
  await untilCarriers('ppp0')
  writeFileSync('/etc/ppp/options.dsl', 'defaultroute\nreplacedefaultroute\nifname dsl\n')
  dial('two')
  await until("main's default is the second line's", async () => (await mainDefault()) === 'dsl', { timeoutMs: 60_000 })
  await untilCarriers('dsl ppp0')
  await untilServers()
  await hangUp('two')
  await untilCarriers('ppp0')
  const replaced = { restored: await mainDefault() }

  // By a modem that chat(8) dials, and a provider behind it.
  mkdirSync('/etc/netns/cell/ppp', { recursive: true })
  for (const name of ['chap-secrets', 'pap-secrets', 'options']) writeFileSync(`/etc/netns/cell/ppp/${name}`, '')
  await ip('netns add cell')
  await ip('-n cell link set lo up')
  await ip(`-n cell addr add ${far}/32 dev lo`)
  const script = 'ABORT BUSY "" AT OK AT+CGDCONT=1,"IP","internet" OK ATD*99# CONNECT ""\n'
  writeFileSync('/etc/chatscripts/lte', script)
  const modem = `${projectFolder}/test/emulated/programs/modem.pl`
  const options = `pty ${modem}\nconnect "/usr/sbin/chat -f /etc/chatscripts/lte"\n`
  const wishes = 'ifname lte\nnoauth\nnoipdefault\ndefaultroute\nusepeerdns\npersist\nholdoff 1\nmaxfail 0\n'
  writeFileSync('/etc/ppp/peers/lte', options + wishes)
  dial('lte')
  await untilCarriers('lte ppp0')
  const asked = async () => (await sh('ip route show table 30098')).includes('198.51.100.59 dev lte')
  await until("the modem's name server is asked by it", asked)
  const argv = ['/usr/bin/ping', '-c', '3', '-i', '0.2', '-W', '5', '-I', 'lte', far]
  const pinged = (await command(argv, { accept: [0, 1] })).exitCode === 0
  const number = async () => (await status()).uplinks.find(({ interface: device }) => device === 'lte')?.number
  const before = await number()
  // The network ends the session, and it is dialled again.
  await sh("pkill -f '^/usr/sbin/pppd notty'")
  await untilCarriers('ppp0')
  await untilCarriers('lte ppp0')
  const modemSeen = { pinged, same: before !== undefined && before === (await number()) }
  await hangUp('lte')
  await untilCarriers('ppp0')
  dial('two')
  await untilCarriers('dsl ppp0')
  return { replaced, modem: modemSeen }
}

async function useStatic(device: string, net: string, metric: number): Promise<void> {
  await ip(`link set ${device} up`)
  await ip(`addr add ${net}.2/24 dev ${device}`)
  await ip(`route add default via ${net}.1 dev ${device} metric ${metric}`)
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

const isAsked = (what: string) => process.argv.includes(what)
const seen = {
  ...(await play()),
  ...(isAsked('redial') && (await redialAndPull())),
  ...(isAsked('dials') && { dials: await otherDials() }),
  ...(isAsked('layouts') && { layouts: await layouts() }),
}
console.log(JSON.stringify(seen))
process.exit(0)
