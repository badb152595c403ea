/** Two lines by pppd, whose hooks are called as its ip-up calls them. The kernel's ppp needs a peer; a veth without ARP does not. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

async function balanced(): Promise<string> {
  const { stdout } = await host.run(['ip', 'route', 'show', 'table', '30098'], {}, { accept: [0, 2] })
  return stdout
    .replaceAll(/ proto 98| scope link/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

test('L16 a second PPP line is used when pppd was asked for a default route, and only then', async () => {
  await host.run(['mkdir', '-p', '/etc/ppp/ip-up.d', '/etc/ppp/ip-down.d', '/etc/ppp/peers'])
  const script = readFileSync(new URL('../../hooks/ppp', import.meta.url), 'utf8')
  for (const folder of ['ip-up.d', 'ip-down.d']) {
    await host.write(`/etc/ppp/${folder}/ifbalance`, script)
    await host.run(['chmod', '755', `/etc/ppp/${folder}/ifbalance`])
  }
  await host.write('/etc/ppp/peers/dsl2', '# not nodefaultroute\nplugin rp-pppoe.so\ndefaultroute\nuser "me"\n')
  await host.write('/etc/ppp/peers/caller', 'noauth\n')
  const lines = [0, 1, 2].flatMap((i) => [
    `link add ppp${i} type veth peer name other${i}`,
    `link set other${i} up`,
    `link set ppp${i} up`,
    `link set ppp${i} arp off`,
    `address add 10.64.${i}.2 peer 10.64.${i}.1 dev ppp${i}`,
  ])
  const batch = ['link del wan1', 'link del wan2', ...lines, 'route add default dev ppp0']
  await host.run(['ip', '-batch', '-'], {}, { input: batch.join('\n') })
  const hook = (folder: string, i: number, peer: string) =>
    host.run([`/etc/ppp/${folder}/ifbalance`], { PPP_IFACE: `ppp${i}`, PPP_LOCAL: `10.64.${i}.2`, CALL_FILE: peer })

  await hook('ip-up.d', 0, 'dsl1')
  expect(await balanced()).toBe('default dev ppp0')
  await hook('ip-up.d', 1, 'dsl2')
  const both = 'default nexthop dev ppp0 weight 1 nexthop dev ppp1 weight 1'
  expect(await balanced()).toBe(both)
  await hook('ip-up.d', 2, 'caller')
  expect(await balanced()).toBe(both)
  await hook('ip-up.d', 2, '../../shadow')
  expect(await balanced()).toBe(both)
  await hook('ip-down.d', 1, 'dsl2')
  expect(await balanced()).toBe('default dev ppp0')
})
