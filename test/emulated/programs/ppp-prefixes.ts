/** IPv6 prefixes that two PPP lines are given, and a LAN that has addresses of both. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { command } from '../../lab/command.ts'
import { projectFolder } from '../paths.ts'
import { ip, until } from './ppp-lab.ts'
import { sh } from './sh.ts'

/** What answers in IPv6 behind each provider. */
const far = '2001:db8:ffff::1'

const prefixOf = (number: number) => `2001:db8:d${number}00::/56`

const deviceOf = async (number: number) =>
  /\d+: (\S+):/.exec(await sh(`ip -n isp${number} -o link show type ppp`))?.[1] ?? ''

/** The provider's end of a line speaks IPv6: advertisements, a prefix by DHCPv6, and nobody else's packets. */
export async function giveIpv6(number: number): Promise<void> {
  const isp = `isp${number}`
  const device = await deviceOf(number)
  const net = `2001:db8:${number}::`
  await sh(`ip netns exec ${isp} sysctl -qw net.ipv6.conf.all.forwarding=1`)
  await ip(`-n ${isp} addr add ${far}/128 dev lo`)
  await ip(`-n ${isp} addr add ${net}1/64 dev ${device} nodad`)
  const radvd = `interface ${device} { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; prefix ${net}/64 { }; };\n`
  writeFileSync(`/run/radvd-${isp}.conf`, radvd)
  await sh(`ip netns exec ${isp} radvd --config=/run/radvd-${isp}.conf --pidfile=/run/radvd-${isp}.pid`)
  const server = [`${projectFolder}/test/emulated/programs/delegating.js`, device, prefixOf(number)]
  spawn('/usr/sbin/ip', ['netns', 'exec', isp, process.execPath, ...server], { stdio: 'ignore' }).unref()
  const ingress = `table ip6 ingress {
    set seen { type ipv6_addr; flags dynamic; size 4096; }
    set strange { type ipv6_addr; flags dynamic; size 4096; }
    chain arriving {
      type filter hook prerouting priority -300
      iifname != "${device}" accept
      ip6 saddr { fe80::/10, :: } accept
      ip6 saddr { ${net}/64, ${prefixOf(number)} } add @seen { ip6 saddr } accept
      add @strange { ip6 saddr } drop
    }
  }\n`
  await command(['/usr/sbin/ip', 'netns', 'exec', isp, '/usr/sbin/nft', '-f', '-'], { input: ingress })
}

/** What a provider saw since the last time: sources that are its own, and others. */
async function sources(
  number: number,
): Promise<{ readonly seen: readonly string[]; readonly strange: readonly string[] }> {
  const listed = async (set: string) => {
    const text = await sh(`ip netns exec isp${number} nft list set ip6 ingress ${set}`)
    await sh(`ip netns exec isp${number} nft flush set ip6 ingress ${set}`)
    return text.match(/2001:[0-9a-f:]+/g) ?? []
  }
  return { seen: await listed('seen'), strange: await listed('strange') }
}

/** The LAN has addresses of both prefixes, and each is taken by either provider, as one of its own. */
export async function delegated(): Promise<object> {
  const ruleset = () => sh('nft list table inet ifbalance')
  await until(
    'each prefix is moved into the other where it leaves by that line',
    async () => {
      const text = await ruleset()
      return [
        [1, 2],
        [2, 1],
      ].every(([from = 0, to = 0]) => text.includes(`ip6 saddr ${prefixOf(from)} snat ip6 prefix to ${prefixOf(to)}`))
    },
    { timeoutMs: 60_000, everyMs: 1000 },
  )
  const answered: number[] = []
  const addresses: string[] = []
  for (const number of [1, 2]) {
    const start = prefixOf(number).split('::')[0]
    const of = async () =>
      new RegExp(`inet6 (${start}:\\S+)/64`).exec(await sh('ip -n lan -6 -o addr show -tentative'))?.[1]
    await until(`the LAN has an address of ${start}`, async () => (await of()) !== undefined, { timeoutMs: 60_000 })
    addresses.push((await of()) ?? '')
  }
  for (const number of [1, 2]) await sources(number)
  for (const address of addresses) {
    const code = `let [left, refused] = [20, 0]
      for (let i = 0; i < 20; i++) require('net').connect({ host: '${far}', port: 2000 + i, localAddress: '${address}' })
        .on('error', ({ code }) => { refused += code === 'ECONNREFUSED'; if (--left === 0) console.log(refused) })`
    const { stdout } = await command(['/usr/sbin/ip', 'netns', 'exec', 'lan', process.execPath, '-e', code])
    answered.push(Number(stdout))
  }
  const [one, two] = [await sources(1), await sources(2)]
  const isOf = (number: number) => (address: string) => address.startsWith(prefixOf(number).split('00::')[0] ?? '')
  return {
    answered,
    strange: [...one.strange, ...two.strange],
    // By either line, as an address of its own prefix.
    seen: [one.seen.some(isOf(1)), two.seen.some(isOf(2))],
  }
}
