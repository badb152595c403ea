/** What programs that try PPP lines have in common: the host is in the first namespace, each provider has one of its own. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { command } from '../../lab/command.ts'
import { projectFolder } from '../paths.ts'
import { sh } from './sh.ts'
import { until as waitUntil } from './waiting.ts'

export const deb = `${projectFolder}/deb`
export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
export const ip = (line: string) => command(['/usr/sbin/ip', ...line.split(' ')])

/** What the daemon said, for messages. */
export const log = '/run/daemon.log'

const toUnderstand = () =>
  sh(`ip a; ip rule; ip route show table all; cat ${log} 2>/dev/null || journalctl -b --no-pager | tail -n 200`)

/** `until`, which tells of all lines where it does not hold. */
export const until: typeof waitUntil = (what, holds, options) => waitUntil(what, holds, { toUnderstand, ...options })

async function carriers(): Promise<string> {
  const { stdout } = await command(['/usr/sbin/ip', 'route', 'show', 'default', 'table', '30098'], { accept: [0, 2] })
  const [best = ''] = /^default.*\n(\s+nexthop.*\n)*/m.exec(stdout) ?? []
  return [...best.matchAll(/dev (\S+)/g)]
    .map(([, device]) => device ?? '')
    .sort()
    .join(' ')
}

export const untilCarriers = (wanted: string, everyMs?: number) =>
  until(`carried by ${wanted}`, async () => (await carriers()) === wanted, everyMs === undefined ? {} : { everyMs })

/** A provider whose concentrator answers on the cable `eth<number>`, or on a VLAN of it; its lines get 10.64.<number>.x. */
export async function startProvider(number: number, { vlan }: { readonly vlan?: number } = {}): Promise<void> {
  const [isp, near, core] = [`isp${number}`, `eth${number}`, `core${number}`]
  const folder = `/etc/netns/${isp}/ppp`
  mkdirSync(folder, { recursive: true })
  for (const name of ['chap-secrets', 'pap-secrets', 'options']) writeFileSync(`${folder}/${name}`, '')
  const options = `noauth\nnodefaultroute\nms-dns 198.51.100.5${number}\nms-dns 203.0.113.53\n`
  writeFileSync(`${folder}/pppoe-server-options`, options)
  await ip(`netns add ${isp}`)
  await ip(`link add ${near} type veth peer name ${core} netns ${isp}`)
  await ip(`link set ${near} up`)
  await ip(`-n ${isp} link set ${core} up`)
  const port = vlan === undefined ? core : `${core}.${vlan}`
  if (vlan !== undefined) {
    await ip(`-n ${isp} link add ${port} link ${core} type vlan id ${vlan}`)
    await ip(`-n ${isp} link set ${port} up`)
  }
  // All concentrators have one address, as it is with one provider's.
  const server = `pppoe-server -k -g rp-pppoe.so -I ${port} -L 10.64.64.1 -R 10.64.${number}.2 -N 20`
  await sh(`ip netns exec ${isp} sh -c 'mount -t tmpfs t /run; ${server}'`)
  // Something that answers, behind each provider: nobody listens there, so it refuses.
  await ip(`-n ${isp} addr add ${far}/32 dev lo`)
  await ip(`-n ${isp} link set lo up`)
  await ip(`-n ${isp} route add blackhole ${unanswered}/32`)
}

/** What answers behind each provider, and what never does. */
export const far = '203.0.113.1'
export const unanswered = '192.0.2.1'

/** The provider's forced disconnect: its end of the session goes. */
export async function disconnect(number: number): Promise<void> {
  await sh(`pkill -f '^pppd .*nic-core${number}[. ]'`)
}

export async function addressOf(device: string): Promise<string> {
  const { stdout } = await command(['/usr/sbin/ip', '-4', '-o', 'address', 'show', 'dev', device], { accept: [0, 1] })
  return /inet (\S+)/.exec(stdout)?.[1] ?? ''
}

export async function status(): Promise<{
  readonly uplinks: readonly Status[]
  readonly warnings: readonly unknown[]
}> {
  return JSON.parse((await command(['/usr/sbin/ifbalance', 'status', '--json'], { accept: [0, 1] })).stdout)
}

export interface Status {
  readonly name: string
  readonly interface: string
  readonly state: string
  readonly why?: string
  readonly number: number
}

/** A provider at the other end of a cable, with the internet in its lo: `set up` says what the host makes of the near end. */
export async function plug(near: string, { vlans = [] as readonly number[], address = '' }): Promise<void> {
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

/** What holds of uplinks on one cable: they carry, each answers by itself, and all are out once the cables are pulled. */
export async function holds(
  devices: readonly string[],
  cables: readonly string[],
): Promise<{ readonly pinged: readonly string[]; readonly out: number }> {
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
  const out = await until(`${devices} are out`, () => carry(false), { everyMs: 50 })
  for (const cable of cables) await ip(`-n at-${cable} link set far up`)
  await until(`${devices} carry again`, () => carry(true))
  return { pinged, out }
}
