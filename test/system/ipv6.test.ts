/** Prefixes that real providers delegate to systemd-networkd of both releases, which hands them on to the LAN. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { type Delegation, openDelegation } from '../lab/delegation.ts'
import { type Disposer, disposer } from '../lab/disposer.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { addresses } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { checkShare } from '../lab/shares.ts'
import { connections, countByPeer } from '../lab/traffic.ts'
import { lacksLab } from './needs.ts'

const networkd = {
  '10-wan': 'Name=wan*\n\n[Network]\nDHCP=yes\nIPv6AcceptRA=yes\n\n[IPv6AcceptRA]\nDHCPv6Client=always\n',
  '20-lan': `Name=lan0\n\n[Network]\nAddress=${addresses.lanRouter}/24\nDHCPPrefixDelegation=yes\nIPv6SendRA=yes\n`,
}

const missing = await lacksLab()

describe.skipIf(missing).each(['bookworm', 'trixie'] as const)('%s', (release) => {
  let lab: Lab
  let undo: Disposer
  let delegations: readonly Delegation[]

  beforeAll(async () => {
    const progress = (line: string) => process.stdout.write(`  ${line}\n`)
    lab = await createLab({ release, stack: 'networkd', ipv6: true, progress })
    undo = disposer()
    for (const [name, text] of Object.entries(networkd))
      writeFileSync(`${lab.machine.root}/etc/systemd/network/${name}.network`, `[Match]\n${text}`)
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(builtDeb(), `${lab.machine.root}/srv/now.deb`)
    await lab.boot()
    delegations = await Promise.all(lab.network.isps.map((isp) => openDelegation(undo, isp, lab.network.host)))
    await lab.machine.exec(['/usr/bin/dpkg', '-i', '/srv/now.deb'])
    await Promise.all(delegations.map((delegation, i) => delegation.delegate(`2001:db8:d${i + 1}00::/56`)))
  })
  afterAll(async () => {
    await undo?.dispose()
    await lab?.dispose()
  })

  /** Host parts are what the client made of its MAC address. */
  async function clientAddress(prefix: string): Promise<string> {
    const argv = ['/usr/sbin/ip', '-n', lab.network.lan, '-6', '-o', 'addr', 'show', 'dev', 'eth0', '-tentative']
    const found = async () => new RegExp(`inet6 (${prefix}\\S+)/64`).exec((await command(argv)).stdout)?.[1]
    await expect.poll(found, { timeout: longPatienceMs, interval: 100, message: prefix }).toBeDefined()
    return (await found()) ?? ''
  }

  async function untilRule(chain: string, rule: string): Promise<void> {
    const nft = ['/usr/sbin/nft', 'list', 'chain', 'inet', 'ifbalance', chain]
    const listed = async () => (await lab.machine.exec(nft, { accept: [0, 1] })).stdout
    await expect.poll(listed, { timeout: longPatienceMs, interval: 100 }).toContain(`${rule}\n`)
  }

  async function sources(): Promise<readonly (readonly string[])[]> {
    const all = await Promise.all(delegations.map((delegation) => delegation.sources()))
    expect(all.map(({ strange }) => strange)).toEqual([[], []])
    return all.map(({ seen }) => seen)
  }

  /** The client's address of one provider, by both, and what each provider saw. */
  async function expectMoved(from: string, seen: readonly [string, string]): Promise<void> {
    await sources()
    const sent = await connections(lab.network.lan, 60, { host: addresses.server6, localAddress: from })
    const { [addresses.public6Of(1)]: first = 0, [addresses.public6Of(2)]: second = 0, ...failed } = countByPeer(sent)
    expect(failed).toEqual({})
    checkShare(first, 60, 0.5)
    expect(await sources()).toEqual(seen.map((address) => expect.arrayContaining([address])))
  }

  test('clients with addresses of either provider leave by both, with an address that each takes', async () => {
    await untilRule('nat_1', 'ip6 saddr 2001:db8:d200::/56 snat ip6 prefix to 2001:db8:d100::/56')
    await untilRule('nat_2', 'ip6 saddr 2001:db8:d100::/56 snat ip6 prefix to 2001:db8:d200::/56')
    const [one, two] = [await clientAddress('2001:db8:d100:'), await clientAddress('2001:db8:d200:')]
    for (const from of [one, two]) await expectMoved(from, [one, two])
    // networkd may still be giving addresses to the LAN.
    const plan = async () => (await lab.machine.exec(['/usr/sbin/ifbalance', 'plan'])).stdout
    await expect.poll(plan).toContain('Nothing to change')
  })

  test('L9 another delegation is followed', async () => {
    await delegations[1]?.delegate('2001:db8:e200::/56')
    await untilRule('nat_1', 'ip6 saddr 2001:db8:e200::/56 snat ip6 prefix to 2001:db8:d100::/56')
    await untilRule('nat_2', 'ip6 saddr 2001:db8:d100::/56 snat ip6 prefix to 2001:db8:e200::/56')
    const [one, two] = [await clientAddress('2001:db8:d100:'), await clientAddress('2001:db8:e200:')]
    for (const from of [one, two]) await expectMoved(from, [one, two])
  })
})
