/** A line that takes smaller packets than the LAN: both ends of a forwarded connection hear of it in their first segments. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'
import { inside, makeProviders, server } from './providers.ts'

const listen = fileURLToPath(new URL('../lab/programs/listen.ts', import.meta.url))

/** Drops first segments that announce more than fits, as the packets would be without anyone hearing of it. */
const strict = (hook: string, narrow: number) => `table inet narrow {
  chain c {
    type filter hook ${hook} priority -400
    meta nfproto ipv4 tcp flags & (syn | rst) == syn tcp option maxseg size > ${narrow - 40} drop
    meta nfproto ipv6 tcp flags & (syn | rst) == syn tcp option maxseg size > ${narrow - 60} drop
  }
}
`

let host: Host

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wan1]\nmetric = 20\n')
  for (const where of ['isp1', 'isp2'] as const) host.start(inside(where, [process.execPath, listen, '81', 'yes']))
  for (const where of ['isp1', 'isp2'] as const)
    await host.run(inside(where, ['/bin/bash', '-c', 'until exec 3<>/dev/tcp/127.0.0.1/81; do sleep 0.05; done']))
})
afterAll(() => host?.end())

const ask = async (family: 'inet' | 'inet6') => {
  const words = ['/usr/bin/timeout', '5', '/bin/bash', '-c', `exec 3<>/dev/tcp/${server[family]}/81 && cat <&3`]
  return (await host.run(inside('lan', words), {}, { accept: [0, 1, 124] })).stdout.trim()
}

async function apply(): Promise<string> {
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
  return (await host.run(['nft', 'list', 'table', 'inet', 'ifbalance'])).stdout
}

test('as wide as the LAN: nothing of the kind', async () => {
  expect(await apply()).not.toContain('maxseg')
})

test.each([
  ['the interface takes less', ['link', 'set', 'wan2', 'mtu', '1492'], 1492],
  [
    'its routes do',
    ['route', 'replace', 'default', 'via', '10.2.0.1', 'dev', 'wan2', 'metric', '102', 'mtu', '1400'],
    1400,
  ],
  ['the administrator says so', ['mtu'], 1300],
] as const)('%s', async (_, words, narrow) => {
  if (words[0] !== 'mtu') await host.run(['ip', ...words])
  if (words[0] === 'mtu')
    await host.write('/etc/ifbalance/ifbalance.conf', `[uplink wan1]\nmetric = 20\n[uplink wan2]\nmtu = ${narrow}\n`)
  if (words[0] === 'route')
    await host.run(['ip', ...'-6 route replace default via fe80::1 dev wan2 metric 102 mtu 1400'.split(' ')])
  await host.run(inside('isp2', ['nft', '-f', '-']), {}, { input: strict('prerouting', narrow) })
  await host.run(inside('lan', ['nft', '-f', '-']), {}, { input: strict('input', narrow) })
  expect(await apply()).toContain('maxseg')
  for (const family of ['inet', 'inet6'] as const) expect(await ask(family), family).toBe('yes')
  for (const where of ['isp2', 'lan'] as const)
    await host.run(inside(where, ['nft', 'delete', 'table', 'inet', 'narrow']))
})
