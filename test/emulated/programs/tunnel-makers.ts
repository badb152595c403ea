/**
 * WireGuard tunnels of those who make their interfaces: systemd-networkd, NetworkManager and wg-quick, each with the policy
 * rules by which all of the host's packets go into the tunnel. In the emulated machine, booted, with the package installed.
 * Argument: the maker. Prints what became of its tunnel, as JSON.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { bestOf, devicesOf } from '../../kernel/balanced.ts'
import { blackhole, mend, namespaceOf } from '../../kernel/health-lab.ts'
import { command, inNamespace, nftIn, type Running, start } from '../../lab/command.ts'
import { disposer } from '../../lab/disposer.ts'
import { addresses } from '../../lab/names.ts'
import { createNetwork, type Network } from '../../lab/network.ts'
import { installPackage, untilBooted } from './booted.ts'
import { sh } from './sh.ts'
import { elsewhereNamed, far, type Keys, type Name, names, near, newKeys, startFarEnds } from './tunnel-ends.ts'
import { until as waitUntil } from './waiting.ts'
import { hostName, type Maker, makers } from './wireguard-makers.ts'

/** What the daemon said comes last, as the beginning of long output is lost. */
const toUnderstand =
  'ip -4 rule; ip -4 route show table all | grep -v ^local; conntrack -L -p udp; wg show; journalctl -u ifbalance -b --no-pager -o short-monotonic | tail -n 25 | cut -c1-180'

const until = (what: string, holds: () => Promise<boolean>) =>
  waitUntil(what, holds, { timeoutMs: 120_000, everyMs: 100, toUnderstand: () => sh(toUnderstand) })

/** What leads to a far end by the second line. */
const way = { to: `${far.elsewhere.address}/32`, via: '10.2.0.1' } as const

const profile = (device: string, ipv4: string) =>
  `[connection]\nid=${device}\ntype=ethernet\ninterface-name=${device}\n\n[ipv4]\n${ipv4}\n\n[ipv6]\nmethod=disabled\n`

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true })
    writeFileSync(path, text, { mode: /^.etc.(systemd|ifbalance)/.test(path) ? 0o644 : 0o600 })
  }
}

async function useUplinksOf(manager: 'networkd' | 'NetworkManager'): Promise<void> {
  if (manager === 'networkd') {
    write({
      '/etc/systemd/network/10-wan1.network': '[Match]\nName=wan1\n\n[Network]\nDHCP=ipv4\n',
      '/etc/systemd/network/10-wan2.network': `[Match]\nName=wan2\n\n[Network]\nDHCP=ipv4\n\n[Route]\nDestination=${way.to}\nGateway=${way.via}\nGatewayOnLink=yes\n`,
      '/etc/systemd/network/20-lan.network': `[Match]\nName=lan0\n\n[Network]\nAddress=${addresses.lanRouter}/24\n`,
    })
    await sh('systemctl start systemd-networkd')
  } else {
    const folder = '/etc/NetworkManager/system-connections'
    write({
      // udev tells it to leave cables of containers alone.
      '/etc/NetworkManager/conf.d/lab.conf':
        '[device-lab]\nmatch-device=interface-name:wan*,interface-name:lan0\nmanaged=1\n',
      [`${folder}/wan1.nmconnection`]: profile('wan1', 'method=auto'),
      [`${folder}/wan2.nmconnection`]: profile('wan2', `method=auto\nroute1=${way.to},${way.via}`),
      [`${folder}/lan0.nmconnection`]: profile('lan0', `method=manual\naddress1=${addresses.lanRouter}/24`),
    })
    await sh(
      'systemctl stop systemd-networkd.socket systemd-networkd; for device in wan1 wan2 lan0; do ip address flush dev $device; done; systemctl start NetworkManager',
    )
  }
  const isThere = async (device: string) => (await sh(`ip -4 -o address show dev ${device}`)) !== ''
  await until(`${manager} has both uplinks`, async () => (await isThere('wan1')) && (await isThere('wan2')))
}

async function carriers(): Promise<string> {
  return devicesOf(bestOf(await sh('ip -4 route show default table 30098 || :'))).join(' ')
}

const untilCarriers = (wanted: string) => until(`${wanted} carry`, async () => (await carriers()) === wanted)

/** What is pinged, from here or from the far end, with when it answered last and the longest silence. */
interface Pinging {
  readonly last: () => number
  readonly silence: () => number
  readonly stop: () => Promise<void>
}

async function ping(argv: readonly string[]): Promise<Pinging> {
  const running: Running = await start(argv)
  let [last, silence] = [performance.now(), 0]
  running.onLine((line) => {
    if (!line.includes(' bytes from ')) return
    silence = Math.max(silence, performance.now() - last)
    last = performance.now()
  })
  return { last: () => last, silence: () => Math.max(silence, performance.now() - last), stop: () => running.stop() }
}

const pinging = (...words: readonly string[]) => ['/usr/bin/ping', '-n', '-i', '0.2', ...words]

/** What is its maker's: WireGuard's settings, and rules and routes that are none of ours. */
async function settings(roaming: string): Promise<string> {
  const of = (what: string) => sh(`wg show wg0 ${what} | sort`)
  return [
    ...(await Promise.all(['fwmark', 'listen-port', 'allowed-ips', 'persistent-keepalive'].map(of))),
    // Where who asks by itself was heard last.
    (await of('endpoints'))
      .split('\n')
      .filter((line) => !line.startsWith(roaming))
      .join('\n'),
    await sh("ip -4 -N rule | grep -vE '^(20[0-9]{3}|32765):' || :"),
    await sh('ip -4 -N route show table all dev wg0'),
  ].join('\n')
}

async function moves(since: string): Promise<readonly string[]> {
  const text = await sh(`journalctl -u ifbalance -o json --no-pager --after-cursor='${since}' | cat`)
  return text.split('\n').flatMap((line) => {
    const entry: Record<string, string> = line === '' ? {} : JSON.parse(line)
    return entry['IFBALANCE_EVENT'] === 'tunnel' ? [entry['IFBALANCE_PEER'] ?? ''] : []
  })
}

async function cursor(): Promise<string> {
  return /^-- cursor: (.*)$/m.exec(await sh('journalctl -n 1 --no-pager --show-cursor'))?.[1] ?? ''
}

async function play(name: string, maker: Maker, network: Network, keys: Readonly<Record<Name, Keys>>, own: Keys) {
  const { internet } = network
  const heardFrom = async (which: Name) =>
    /\t(.*):\d+$/m.exec(
      (await command(inNamespace(internet, ['/usr/bin/wg', 'show', far[which].device, 'endpoints']))).stdout,
    )?.[1]
  nameFarEnd(far.usual.address)
  write(maker.files(own, keys))
  await sh(maker.start)
  await nftIn(
    namespaceOf(network, 2),
    `add table inet roaming
     delete table inet roaming
     table inet roaming {
       chain arriving {
         type nat hook prerouting priority dstnat - 1
         iifname "core" udp dport ${near.port} dnat ip to ${await network.isps[1].hostAddress()}
       }
     }
    `,
  )
  // What has asked before that has the provider's own answer for as long as it goes on asking.
  const asked = ['/usr/sbin/conntrack', '-D', '-p', 'udp', '--dport', String(near.port)]
  await command(inNamespace(namespaceOf(network, 2), asked), { accept: [0, 1] })
  const usual = await ping(pinging(far.usual.inside))
  const pingOthers = async () => [
    await ping(pinging(far.elsewhere.inside)),
    await ping(inNamespace(internet, pinging(near.inside, '-I', far.roaming.inside))),
  ]
  /** Gives the ms until the tunnel answers by this provider, what was on its way aside. */
  const untilBy = async (isp: 1 | 2): Promise<number> => {
    const from = performance.now()
    const isSo = async () => usual.last() > from + 50 && (await heardFrom('usual')) === addresses.publicOf(isp)
    await until(`${name}: the tunnel answers by provider ${isp}`, isSo)
    return performance.now() - from
  }
  /** Pings the other two from when they are up; the end gives the longest silence of each, in ms. */
  const watchOthers = async (): Promise<() => Promise<readonly number[]>> => {
    const trying = await pingOthers()
    const isUp = async () =>
      (await heardFrom('elsewhere')) === addresses.publicOf(2) &&
      trying.every(({ last }) => performance.now() - last() < 1000)
    await setTimeout(1000)
    await until(`${name}: the other tunnels are up`, isUp)
    for (const one of trying) await one.stop()
    const watched = await pingOthers()
    return async () => {
      const silences = watched.map((one) => one.silence())
      for (const one of watched) await one.stop()
      return silences
    }
  }
  await untilBy(1)
  const toFailback = await watchOthers()
  const before = await settings(keys.roaming.public)
  /** The tunnels that were moved since this was asked last. */
  let from = await cursor()
  const movedSince = async () => {
    const found = await moves(from)
    from = await cursor()
    return found.map((key) => names.find((one) => keys[one].public === key) ?? key)
  }
  await blackhole(network, 1)
  await untilCarriers('wan2')
  const dead = await untilBy(2)
  await mend(network, 1)
  await untilCarriers('wan1')
  const back = await untilBy(1)
  const after = await settings(keys.roaming.public)
  const silent = [await toFailback()]
  const moved = [await movedSince()]

  nameFarEnd(elsewhereNamed)
  await sh(maker.again)
  await untilBy(1)
  const toEnd = await watchOthers()
  const reread = await settings(keys.roaming.public)
  moved.push(await movedSince())
  await network.isps[0].setCarrier(false)
  await untilCarriers('wan2')
  const carrier = await untilBy(2)
  await network.isps[0].setCarrier(true)
  await untilCarriers('wan1')
  const again = await untilBy(1)
  const last = await settings(keys.roaming.public)

  silent.push(await toEnd())
  const silences = names
    .slice(1)
    .map((_, index) => Math.max(...silent.map((one) => one[index] ?? Number.POSITIVE_INFINITY)))
  moved.push(await movedSince())
  const heard = [await heardFrom('elsewhere'), await heardFrom('usual')]
  await usual.stop()
  return {
    ...{ took: [dead, back, carrier, again], moved, silences, heard },
    settings: [before, after, reread, last],
  }
}

/** Where the far end's name leads from now on. */
function nameFarEnd(address: string): void {
  writeFileSync('/etc/hosts', `127.0.0.1 localhost\n${address} ${hostName}\n`)
}

const name = process.argv[2] ?? ''
const maker = makers[name]
if (maker === undefined) throw new Error(`nobody called ${name} makes tunnels`)
const undo = disposer()
await untilBooted()
await sh(
  'systemctl stop NetworkManager; modprobe -a wireguard veth; sysctl -qw net.ipv4.ip_forward=1; mkdir -p /run/ifbalance-lab',
)
const network = await createNetwork(undo, { ipv6: false, isHost: true })
await useUplinksOf(name === 'NetworkManager' ? name : 'networkd')
await installPackage()
write({
  '/etc/ifbalance/conf.d/tunnels.conf': '[uplink wan2]\nstandby = yes\n',
})
await sh('systemctl reload ifbalance')
await untilCarriers('wan1')

const [own, ...all] = await Promise.all([newKeys(), ...names.map(newKeys)])
const keys = Object.fromEntries(names.map((one, index) => [one, all[index]])) as Record<Name, Keys>
await startFarEnds(network, keys, own)
console.log(JSON.stringify(await play(name, maker, network, keys, own)))
process.exit(0)
