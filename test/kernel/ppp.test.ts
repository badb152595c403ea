/** Two lines by pppd, whose hooks are called as its ip-up calls them. The kernel's ppp needs a peer; a veth without ARP does not. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { balanced } from './balanced.ts'
import { type Host, startHost } from './daemon-host.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

async function makeLines(count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, i) => [
    `link add ppp${i} type veth peer name other${i}`,
    `link set other${i} up`,
    `link set ppp${i} up`,
    `link set ppp${i} arp off`,
    `address add 10.64.${i}.2 peer 10.64.${i}.1 dev ppp${i}`,
  ])
  const batch = ['link del wan1', 'link del wan2', ...lines.flat(), 'route add default dev ppp0']
  await host.run(['ip', '-batch', '-'], {}, { input: batch.join('\n') })
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
  await makeLines(3)
  const hook = (folder: string, i: number, peer: string) =>
    host.run([`/etc/ppp/${folder}/ifbalance`], { PPP_IFACE: `ppp${i}`, PPP_LOCAL: `10.64.${i}.2`, CALL_FILE: peer })

  await hook('ip-up.d', 0, 'dsl1')
  expect(await balanced(host)).toBe('default dev ppp0')
  await hook('ip-up.d', 1, 'dsl2')
  const both = 'default nexthop dev ppp0 weight 1 nexthop dev ppp1 weight 1'
  expect(await balanced(host)).toBe(both)
  await hook('ip-up.d', 2, 'caller')
  expect(await balanced(host)).toBe(both)
  await hook('ip-up.d', 2, '../../shadow')
  expect(await balanced(host)).toBe(both)
  await hook('ip-down.d', 1, 'dsl2')
  expect(await balanced(host)).toBe('default dev ppp0')
})

test('lines that were up before we were installed are used as if pppd had told of them', async () => {
  await host.run(['mkdir', '-p', '/etc/ppp/peers', '/run/pppd'])
  await host.write('/etc/ppp/options.dsl', 'defaultroute\n')
  for (const i of [0, 1]) await host.write(`/etc/ppp/peers/dsl${i}`, 'plugin rp-pppoe.so\nfile /etc/ppp/options.dsl\n')
  await host.write('/etc/ppp/peers/caller', 'noauth\n')
  await makeLines(4)
  // ppp3's number is another program's now.
  const programs = [
    ['/run/ppp0.pid', 'pppd', 'dsl0'],
    ['/run/pppd/ppp1.pid', '/usr/sbin/pppd', 'dsl1'],
    ['/run/ppp2.pid', 'pppd', 'caller'],
    ['/run/ppp3.pid', 'other', 'dsl1'],
  ] as const
  for (const [file, name, peer] of programs) {
    const process = host.start(['/bin/bash', '-c', `exec -a ${name} sh -c 'echo >&2; sleep 100; :' call ${peer}`])
    await process.says(/^$/)
    await host.write(file, `${process.pid}\nlink\n`)
  }
  await host.ifbalance(['hook', 'ppp-lines'])
  await host.ifbalance(['apply'])
  const both = 'default nexthop dev ppp0 weight 1 nexthop dev ppp1 weight 1'
  expect(await balanced(host)).toBe(both)

  // The default is another line's for a while, as with replacedefaultroute.
  await host.run(['ip', 'route', 'replace', 'default', 'dev', 'ppp1'])
  await host.ifbalance(['apply'])
  expect(await balanced(host)).toBe(both)
})
