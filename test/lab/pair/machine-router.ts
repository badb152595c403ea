/** One of two routers as a booted Debian: the package, keepalived and conntrackd as the examples of docs/examples/pair have them. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { command, inNamespace, type Running } from '../command.ts'
import { builtDeb } from '../deb.ts'
import type { Disposer } from '../disposer.ts'
import { image, type Release } from '../image.ts'
import { createMachine } from '../machine.ts'
import { labName } from '../names.ts'
import { deleteNamespace } from '../sweep.ts'
import { gateways, gateways6, type PairNetwork, shared } from './network.ts'
import { exampleOf, forwardedPorts, type PairRouter, seedOf, type Variant } from './router.ts'

const services = ['keepalived', 'conntrackd'] as const

/** Its package is installed at its first boot. `deb` is the one built where none is given. */
export async function createMachineRouter(
  undo: Disposer,
  network: PairNetwork,
  name: 'a' | 'b',
  { variant, release, deb = builtDeb() }: { variant: Variant; release: Release; deb?: string },
): Promise<PairRouter> {
  const host = labName(name)
  const last = name === 'a' ? 1 : 2
  const say = (line: string) => void process.stdout.write(`  ${line}\n`)
  const root = await image(release, ['keepalived', 'conntrackd', 'netbase', 'ndisc6'], say)
  const machine = await createMachine(undo, {
    ...{ name: `machine${name}`, image: root, network: { host } },
    files: { ...files(variant, name), ...examples(variant, name) },
    appended: {},
    enable: ['systemd-networkd.service', 'nftables.service'],
  })
  const messages: string[] = []
  const heard: string[] = []
  let isOn = false
  let isInstalled = false
  undo.defer(`router ${name}`, losePower)

  const exec = async (argv: readonly string[], input?: string) =>
    (await machine.exec(argv, { accept: [0, 1, 2], ...(input === undefined ? {} : { input }) })).stdout
  const systemctl = (...words: readonly string[]) => machine.exec(['/usr/bin/systemctl', ...words])
  const follow = async (units: readonly string[], lines: string[]) => {
    const which = units.map((unit) => `--unit=${unit}`)
    const one: Running = await machine.start([
      '/usr/bin/journalctl',
      '--follow',
      '--lines=all',
      '--output=cat',
      ...which,
    ])
    one.onLine((line) => lines.push(line))
  }

  async function boot(): Promise<void> {
    await command(['/usr/sbin/ip', 'netns', 'add', host])
    await network.plug(name, host, variant.devices)
    await command(inNamespace(host, ['/usr/sbin/sysctl', '-qw', ...seedOf(last)]))
    isOn = true
    await machine.boot()
    await follow(['ifbalance'], messages)
    await follow(services, heard)
    if (isInstalled) return
    isInstalled = true
    await install(deb)
    await machine.exec(['/usr/bin/chmod', '755', '/etc/keepalived/one-lease-notify'])
    for (const service of services)
      await systemctl(service === 'conntrackd' && variant.conntrackd === null ? 'disable' : 'restart', service)
    if (variant.conntrackd === null) await systemctl('stop', 'conntrackd')
  }

  async function install(file: string): Promise<void> {
    mkdirSync(`${machine.root}/srv`, { recursive: true })
    copyFileSync(file, `${machine.root}/srv/ifbalance.deb`)
    // The administrator's files are there already.
    await machine.exec(['/usr/bin/dpkg', '--force-confold', '-i', '/srv/ifbalance.deb'], { timeoutMs: 120_000 })
  }

  async function losePower(): Promise<void> {
    if (!isOn) return
    isOn = false
    await network.unplug(name)
    await machine.losePower()
    await deleteNamespace(host)
  }

  return {
    ...{ name, exec, boot, losePower, install },
    said: () => messages,
    others: () => heard,
    setStatesHeld: () => undefined,
    startKeepalived: async () => void (await systemctl('start', 'keepalived')),
    stopKeepalived: async () => void (await systemctl('stop', 'keepalived')),
    isActive: async () =>
      isOn && (await exec(['/usr/sbin/ip', '-4', '-o', 'address', 'show', 'dev', 'lan0'])).includes(` ${shared.lan}/`),
    usable: async () => {
      const text = isOn ? await exec(['/usr/bin/cat', '/run/ifbalance/usable']) : ''
      return text === '' ? null : Number(text)
    },
  }
}

function examples(variant: Variant, name: 'a' | 'b'): Readonly<Record<string, string>> {
  return {
    '/etc/sysctl.d/pair.conf': exampleOf('sysctl.conf', name),
    '/etc/modules-load.d/pair.conf': 'nf_conntrack\n',
    '/etc/ifbalance/ifbalance.conf': `${exampleOf(variant.ifbalance, name)}\n${variant.more ?? ''}`,
    '/etc/keepalived/one-lease-notify': exampleOf('one-lease-notify', name),
    '/etc/keepalived/keepalived.conf': exampleOf(variant.keepalived, name),
    ...(variant.conntrackd && { '/etc/conntrackd/conntrackd.conf': exampleOf(variant.conntrackd, name) }),
    ...Object.fromEntries(
      (variant.networkd ?? []).map((file) => [`/etc/systemd/network/${file}`, exampleOf(file, name)]),
    ),
  }
}

/** What a host of its own has: addresses, and what it forwards to the LAN. */
function files(variant: Variant, name: 'a' | 'b'): Readonly<Record<string, string>> {
  const last = name === 'a' ? 1 : 2
  const one = (device: string, ...lines: readonly string[]) => ({
    [`/etc/systemd/network/20-${device}.network`]: `[Match]\nName=${device}\n\n[Network]\n${lines.join('\n')}\n`,
  })
  const wan = (index: 0 | 1) => {
    const block = ['198.51.100', '192.0.2'][index]
    const own = [`Address=${block}.${10 + last}/28`, `Address=2001:db8:${index + 1}::${10 + last}/64`]
    return one(
      `wan${index + 1}`,
      ...own,
      `Gateway=${gateways[index]}`,
      `Gateway=${gateways6[index]}`,
      'IPv6AcceptRA=no',
    )
  }
  const wans = {
    static: { ...wan(0), ...wan(1) },
    dhcp: { ...one('wan1', 'DHCP=yes', 'IPv6AcceptRA=yes'), ...one('wan2', 'DHCP=yes', 'IPv6AcceptRA=yes') },
    none: { ...one('wan1', 'LinkLocalAddressing=ipv6'), ...one('wan2', 'LinkLocalAddressing=ipv6') },
    examples: {},
  }
  return {
    '/etc/network/interfaces': 'auto lo\niface lo inet loopback\n',
    ...one('lan0', `Address=172.20.0.${1 + last}/24`, `Address=fd5a:20::${1 + last}/64`, 'IPv6AcceptRA=no'),
    ...one('sync0', `Address=10.255.0.${last}/30`),
    ...wans[variant.addresses],
    '/etc/nftables.conf': `#!/usr/sbin/nft -f\nflush ruleset\n${forwardedPorts}`,
  }
}
