/** Flows without ports, and those that a helper expects where the far end sends first: each stays on its uplink, both ways. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { longPatienceMs } from '../lab/patience.ts'
import { enoughForEach } from '../lab/shares.ts'
import { type Host, startHost } from './daemon-host.ts'
import { inside, lanClient, makeProviders, server } from './providers.ts'

const related = fileURLToPath(new URL('./programs/related.py', import.meta.url))
const pptp = fileURLToPath(new URL('./programs/pptp.py', import.meta.url))
const isps = ['isp1', 'isp2'] as const
/** Of GRE without keys, an uplink's address can have one flow to each. */
const tunnelEnds = Array.from({ length: enoughForEach(0.5) }, (_, i) => `203.0.113.${40 + i}`)

/** What does not have an address of this provider's is dropped there. */
const strict = (i: number) => `table ip strict {
  chain prerouting {
    type filter hook prerouting priority -290
    ip daddr 203.0.113.0/24 ip saddr != 10.${i}.0.0/24 drop
  }
}
`

const forwards = `table ip theirs {
  chain forwards {
    type nat hook prerouting priority dstnat
    iifname "wan*" udp dport 5060 dnat to ${lanClient.inet}
  }
}
`

const pptpHelper = `table ip pptp {
  ct helper pptp { type "pptp" protocol tcp; }
  chain helpers { type filter hook prerouting priority filter; tcp dport 1723 ct helper set "pptp"; }
  chain forwards {
    type nat hook prerouting priority dstnat
    iifname "wan*" tcp dport 1723 dnat to ${lanClient.inet}
  }
}
`

const helper = `table ip helpers {
  ct helper sip { type "sip" protocol udp; }
  chain prerouting { type filter hook prerouting priority filter; udp dport 5060 ct helper set "sip"; }
}
`

let host: Host

const python = (...args: readonly string[]) => ['/usr/bin/python3', related, ...args]

beforeAll(async () => {
  host = await startHost()
  await makeProviders(host)
  await host.run(['sysctl', '-qw', 'net.core.txrehash=0'])
  for (const place of ['lan', ...isps] as const) await host.run(inside(place, ['sysctl', '-qw', 'net.core.txrehash=0']))
  for (const [index, isp] of isps.entries()) {
    for (const address of tunnelEnds) await host.run(['ip', '-n', isp, 'address', 'add', `${address}/32`, 'dev', 'lo'])
    await host.run(inside(isp, ['nft', '-f', '-']), {}, { input: strict(index + 1) })
    const running = host.start(inside(isp, python('server', isp, server.inet)))
    await running.says(/ready/)
  }
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0 })
})
afterAll(() => host?.end())

/** Which provider answered for each. */
async function gre(): Promise<readonly string[]> {
  const { stdout } = await host.run(inside('lan', python('gre', ...tunnelEnds)))
  return JSON.parse(stdout)
}

test('GRE of the LAN: spread, answered, and on its uplink when weights change', async () => {
  const first = await gre()
  expect(new Set(first)).toEqual(new Set(['isp1 asked', 'isp2 asked']))
  await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wan1]\nweight = 9\n')
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0 })
  expect(await gre()).toEqual(first)
  await host.write('/etc/ifbalance/ifbalance.conf', '')
  await host.ifbalance(['apply'])
})

test('RTP of calls from the LAN and to it, where the far end sends first', async ({ skip }) => {
  const loaded = await host.run(['nft', '-f', '-'], {}, { input: helper, accept: [0, 1] })
  skip(loaded.exitCode !== 0, `this kernel has no helper for SIP: ${loaded.stderr}`)
  await host.run(['nft', '-f', '-'], {}, { input: forwards })
  const count = enoughForEach(0.5)
  const phone = host.start(
    inside('lan', python('calls', server.inet, lanClient.inet, String(count), String(2 * count))),
  )
  await phone.says(/ready/)
  // The helper expects four media streams for each pair of peers, and forgets the oldest for another one (nf_conntrack_sip.c).
  for (const [index, isp] of isps.entries())
    for (let i = 0; i < count; i++) {
      const order = `echo call 10.${index + 1}.0.2 5060 ${isp}-${i} >/dev/udp/127.0.0.1/9099`
      await host.run(inside(isp, ['/bin/bash', '-c', order]))
      await phone.says(new RegExp(`^through ${isp}-${i}$`), 0, longPatienceMs)
    }
  await phone.says(/^{/, 0, longPatienceMs)
  const names: Record<string, string> = JSON.parse(phone.said().find((line) => line.startsWith('{')) ?? '{}')
  const outgoing = Array.from({ length: count }, (_, i) => names[`out${i}`])
  expect(new Set(outgoing)).toEqual(new Set(isps))
  for (const isp of isps)
    for (let i = 0; i < count; i++) expect([`${isp}-${i}`, names[`${isp}-${i}`]]).toEqual([`${isp}-${i}`, isp])
  // It was the helper who let them in.
  expect((await host.run(['conntrack', '-L', '-p', 'udp'])).stdout).toMatch(
    /dport=4\d\d\d .*dport=6000|sport=6000 dport=4/,
  )
})

test('calls of PPTP from the LAN and to it: GRE goes where its control connection goes, whoever speaks first, and stays', async ({
  skip,
}) => {
  const loaded = await host.run(['nft', '-f', '-'], {}, { input: pptpHelper, accept: [0, 1] })
  skip(loaded.exitCode !== 0, `this kernel has no helper for PPTP: ${loaded.stderr}`)
  const begin = async (place: 'lan' | (typeof isps)[number], argv: readonly string[], word: RegExp) => {
    const running = host.start(inside(place, ['/usr/bin/python3', pptp, ...argv]))
    await running.says(word, 0, longPatienceMs)
    return running
  }
  const answers = /^\[/
  await begin('lan', ['server', 'lan', lanClient.inet, '1000'], /ready/)
  for (const [i, isp] of isps.entries()) await begin(isp, ['server', isp, server.inet, `${2 + i}000`], /ready/)
  const count = enoughForEach(0.5)
  const fromLan = await begin('lan', ['client', server.inet, String(count), '20000'], answers)
  const toLan = await Promise.all(
    isps.map((isp, i) => begin(isp, ['client', `10.${i + 1}.0.2`, String(count), '30000', server.inet], answers)),
  )
  const all = [fromLan, ...toLan]
  const heard = () =>
    all.map((one): readonly string[] => JSON.parse(one.said().findLast((line) => answers.test(line)) ?? ''))
  const first = heard()
  expect(new Set(first[0])).toEqual(new Set(isps))
  for (const names of first.slice(1)) expect(names).toEqual(Array.from({ length: count }, () => 'lan'))

  await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wan1]\nweight = 9\n')
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0 })
  for (const one of all) {
    const seen = one.said().length
    one.signal('SIGUSR1')
    await one.says(answers, seen, longPatienceMs)
  }
  expect(heard()).toEqual(first)
  await host.write('/etc/ifbalance/ifbalance.conf', '')
  await host.ifbalance(['apply'])
  // The helper named each call's numbers: otherwise the kernel knows GRE by addresses alone.
  const { stdout } = await host.run(['conntrack', '-L', '-p', 'gre'])
  expect(stdout.match(/srckey=0x[0-9a-f]*[1-9a-f]/g)?.length ?? 0, stdout).toBeGreaterThanOrEqual(3 * count)
})
