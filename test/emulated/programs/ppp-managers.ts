/**
 * PPP lines and others beside network managers: in the emulated machine, booted. Prints one JSON object. Argument: which
 * manager's.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { untilBooted } from './booted.ts'
import { addressOf, deb, holds, ip, plug, startProvider, status, until, untilCarriers } from './ppp-lab.ts'
import { delegated, giveIpv6 } from './ppp-prefixes.ts'
import { redialled } from './redial.ts'
import { sh } from './sh.ts'

async function install(): Promise<void> {
  await sh(`cp -a ${deb}/etc/. /etc/; cp -a ${deb}/usr/. /usr/`)
  writeFileSync('/etc/ifbalance/ifbalance.conf', '[balance]\nprobe = none\n')
  // As postinst does.
  await sh('systemd-sysusers; systemctl daemon-reload; systemctl reload dbus; systemd-tmpfiles --create')
  await sh('ifbalance hook ppp-lines; systemctl start ifbalance')
}

async function prepare(): Promise<void> {
  await sh('modprobe -a pppoe veth 8021q; systemctl stop NetworkManager')
  await sh('sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1')
  await ip('netns add lan')
  await ip('link add lan0 type veth peer name eth0 netns lan')
  await sh('ip link set lan0 up; ip -n lan link set lo up; ip -n lan link set eth0 up')
}

const untilUp = (...devices: readonly string[]) =>
  until(`${devices} have addresses`, async () => !(await Promise.all(devices.map(addressOf))).includes(''), {
    timeoutMs: 60_000,
  })

/** By pppd in systemd units, each on the device named. What the providers say in IPv6, they say from when the lines are up. */
async function dial(...below: readonly string[]): Promise<void> {
  for (const [index, device] of below.entries()) {
    const number = index + 1
    const options = `noauth\nusepeerdns\nnoipdefault\ndefaultroute\ndefaultroute-metric 10${number}\nholdoff 1\n`
    writeFileSync(`/etc/ppp/peers/dsl${number}`, `plugin rp-pppoe.so\nnic-${device}\nunit ${number}\n${options}`)
  }
  const unit = '[Service]\nExecStart=/usr/sbin/pppd call %i nodetach\nRestart=always\nRestartSec=1\n'
  writeFileSync('/etc/systemd/system/line@.service', unit)
  await sh('systemctl daemon-reload; systemctl start line@dsl1 line@dsl2')
  await untilUp('ppp1', 'ppp2')
  for (const number of [1, 2]) await giveIpv6(number)
}

/** What systemd-networkd is told: a device and its network, by file. */
function tellNetworkd(files: Readonly<Record<string, string>>): void {
  mkdirSync('/etc/systemd/network', { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(`/etc/systemd/network/${name}`, text)
}

const vlan = (name: string, id: number) => `[NetDev]\nName=${name}\nKind=vlan\n[VLAN]\nId=${id}\n`
const carrying = (name: string, ...vlans: readonly string[]) =>
  `[Match]\nName=${name}\n[Network]\nLinkLocalAddressing=no\n${vlans.map((one) => `VLAN=${one}\n`).join('')}`

/** One line on a VLAN of systemd-networkd's, which gives both lines IPv6; then two VLANs of one trunk. */
async function networkd(): Promise<object> {
  await startProvider(1)
  await startProvider(2, { vlan: 7 })
  const line = '[Match]\nType=ppp\n[Network]\nDHCP=ipv6\nIPv6AcceptRA=yes\nKeepConfiguration=static\n'
  tellNetworkd({
    '10-vlan.netdev': vlan('eth2.7', 7),
    '10-below.network': carrying('eth2', 'eth2.7'),
    '10-vlan.network': carrying('eth2.7'),
    '20-line.network': `${line}[IPv6AcceptRA]\nDHCPv6Client=always\n`,
    '20-lan.network':
      '[Match]\nName=lan0\n[Network]\nAddress=192.168.77.1/24\nDHCPPrefixDelegation=yes\nIPv6SendRA=yes\n',
  })
  await sh('systemctl start systemd-networkd')
  await until('the VLAN is up', async () => (await sh('ip -o link show up type vlan')).includes('eth2.7'))
  await dial('eth1', 'eth2.7')
  await install()
  await untilCarriers('ppp1 ppp2')
  const prefixes = await delegated()

  await ip('-n isp2 link set core2 down')
  const cut = await untilCarriers('ppp1', 50)
  const reason = (await status()).uplinks.find(({ interface: device }) => device === 'ppp2')?.why
  await ip('-n isp2 link set core2 up')
  await untilCarriers('ppp1 ppp2')

  await plug('trunk', { vlans: [5, 6] })
  const way = (id: number) =>
    `[Match]\nName=trunk.${id}\n[Network]\nAddress=10.70.${id}.2/24\n[Route]\nGateway=10.70.${id}.1\nMetric=30${id}\n`
  tellNetworkd({
    '30-trunk.network': carrying('trunk', 'trunk.5', 'trunk.6'),
    '30-five.netdev': vlan('trunk.5', 5),
    '30-six.netdev': vlan('trunk.6', 6),
    '30-five.network': way(5),
    '30-six.network': way(6),
  })
  await sh('networkctl reload')
  return { prefixes, cable: { cut, reason }, trunk: await holds(['trunk.5', 'trunk.6'], ['trunk']) }
}

/** dhcpcd gives both lines, and the LAN, IPv6; dnsmasq advertises it there. */
async function dhcpcd(): Promise<object> {
  for (const number of [1, 2]) await startProvider(number)
  await dial('eth1', 'eth2')
  await install()
  await untilCarriers('ppp1 ppp2')
  const line = (number: number) => `interface ppp${number}\n  ipv6rs\n  ia_pd ${number} lan0/${number}/64\n`
  const common = 'duid\nnoipv4\nnoipv4ll\nnoipv6rs\nallowinterfaces ppp1 ppp2 lan0\n'
  writeFileSync('/etc/dhcpcd.conf', `${common}${line(1)}${line(2)}`)
  await sh('systemd-run --quiet --unit=client /usr/sbin/dhcpcd --nobackground')
  const range = '--dhcp-range=::,constructor:lan0,ra-only,64,1h'
  const quiet = '--keep-in-foreground --conf-file=/dev/null --user=root --port=0 --interface=lan0'
  await sh(`systemd-run --quiet --unit=advertised /usr/sbin/dnsmasq ${quiet} --enable-ra ${range}`)
  return await delegated()
}

/** NetworkManager dials both, and dials one anew when its provider has ended the session. */
async function networkManager(): Promise<object> {
  for (const number of [1, 2]) await startProvider(number)
  writeFileSync('/etc/NetworkManager/conf.d/lab.conf', '[main]\nno-auto-default=*\n')
  await sh('systemctl start NetworkManager')
  for (const number of [1, 2]) {
    await sh(`nmcli device set eth${number} managed yes`)
    const line = `con-name line${number} ifname dsl${number} pppoe.parent eth${number} username user password secret`
    await sh(`nmcli connection add type pppoe ${line} connection.autoconnect-retries 0 ipv6.method disabled`)
  }
  await untilUp('dsl1', 'dsl2')
  await install()
  await untilCarriers('dsl1 dsl2')
  const { seen } = await redialled('dsl2', 2, 'dsl1')
  return seen
}

await untilBooted()
await prepare()
const play = { networkd, dhcpcd, NetworkManager: networkManager }[process.argv[2] ?? '']
if (play === undefined) throw new Error(`nobody plays ${process.argv[2]}`)
console.log(JSON.stringify(await play()))
process.exit(0)
