/**
 * New connections while our table is loaded again and again: each one's first packet meets the whole of the old rules, or
 * the whole of the new ones.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { programArgv } from '../lab/command.ts'
import type { Packet } from '../lab/programs/send.ts'
import { type Host, startHost } from './daemon-host.ts'
import { arrived, inside, makeProviders, server } from './providers.ts'

const steered = '192.168.77.11'
const balanced = '192.168.77.12'

let host: Host

beforeEach(async () => {
  host = await startHost()
  await makeProviders(host)
  for (const address of [steered, balanced])
    await host.run(inside('lan', ['ip', 'address', 'add', `${address}/24`, 'dev', 'eth0']))
})
afterEach(() => host.end())

/** One client has its uplink by its network, and one by its hash; both networks' lists are others in each generation. */
const config = (generation: number) => `[balance]
no-masquerade = 10.97.${generation}.0/24, 10.98.0.0/16
[uplink wan2]
[rule steered]
source = 10.97.${generation}.0/24, 192.168.77.11
uplinks = wan2
[rule balanced]
source = 192.168.77.12-192.168.77.14, 10.98.${generation}.0/24
mode = source
`

test('no packet leaves untranslated, or by an uplink that no rule gave it', async () => {
  const load = async (generation: number) => {
    await host.write('/etc/ifbalance/conf.d/50-loading.conf', config(generation))
    expect((await host.ifbalance(['apply'])).stderr).toBe('')
  }
  await load(0)
  const packets = [steered, balanced].map((from): readonly Packet[] =>
    Array.from({ length: 30_000 }, (_, i) => ({
      ...{ protocol: 'udp', from, to: server.inet, sourcePort: 2000 + i, port: 9 },
    })),
  )
  let isSending = true
  const sending = Promise.all(
    packets.map((some) => host.run(inside('lan', programArgv('send', [])), {}, { input: JSON.stringify(some) })),
  ).finally(() => {
    isSending = false
  })
  let loads = 0
  while (isSending) await load(++loads)
  await sending
  expect(loads).toBeGreaterThan(1)

  const seen = await Promise.all((['isp1', 'isp2'] as const).map((isp) => arrived(host, isp)))
  const datagrams = seen.map((all) => all.filter((line) => line.startsWith('udp')))
  expect(datagrams.flat().filter((line) => !/^udp 10\.[12]\.0\.2$/.test(line))).toEqual([])
  const { stdout } = await host.run(['conntrack', '-L', '-p', 'udp', '--dport', '9'])
  for (const client of [steered, balanced]) {
    const its = stdout.split('\n').filter((line) => line.includes(`src=${client} `))
    const uplinks = new Set(its.map((line) => / dst=10\.(\d)\.0\.2 /.exec(line)?.[1]))
    expect(its.length, client).toBeGreaterThan(1000)
    expect([...uplinks], client).toEqual(client === steered ? ['2'] : [expect.stringMatching(/[12]/)])
  }
})
