/** What the examples in docs/examples promise, in packets: the lab's internet says by whose address a connection came. */
import { readdirSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { userId } from '../../src/config/users.ts'
import { defaultUrls } from '../../src/lines/settings.ts'
import { command, inNamespace, ipBatch, nftIn, programArgv, startIn, waitForLine } from '../lab/command.ts'
import { record } from '../lab/measurements.ts'
import { serveNames } from '../lab/name-server.ts'
import { addresses } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { checkShare } from '../lab/shares.ts'
import { openSessions } from '../lab/traffic.ts'
import { addClients, askFromHost, askFromLan, exampleLab, exampleText, times, unique } from './example-lab.ts'
import { blackhole, type HealthLab, mend, namespaceOf } from './health-lab.ts'
import { health, until, untilCarriers, untilJudged } from './health-states.ts'

const [first, second] = [addresses.publicOf(1), addresses.publicOf(2)]
const { server } = addresses
const who = { protocol: 'tcp', to: server, port: 7000 } as const
const echo = { protocol: 'udp', to: server, port: 7001 } as const
const names = ['camper', 'fibre-with-lte-backup', 'office-with-voip', 'two-dsl-lines', 'two-providers-server'] as const

let lab: HealthLab

/** One lab a house. */
function house(name: (typeof names)[number], devices: readonly [string, string], tests: () => void): void {
  describe(name, () => {
    beforeAll(async () => {
      lab = await exampleLab(name, devices)
    })
    afterAll(() => lab?.dispose())
    afterEach(async () => {
      for (const isp of [1, 2] as const) await mend(lab.network, isp)
    })
    tests()
  })
}

async function begin(): Promise<void> {
  await lab.startDaemon()
  await untilJudged(lab)
}

/** Makes a change, and waits for the end of the round that has these carry: rules' ruleset comes after the routes. */
async function makesCarry(carrying: readonly string[], change: () => Promise<void>): Promise<void> {
  const since = lab.said().length
  await change()
  const isSo = async () => lab.told({ event: 'round', carrying }, since).length > 0
  await until(lab, `${carrying.join()} carry, by a round that has ended`, isSo)
}

function untilOffline(uplink: string): Promise<number> {
  return until(lab, `${uplink} is offline`, async () =>
    (await health(lab)).includes(`"${uplink}":{"inet":{"state":"offline"`),
  )
}

test('each example is here, and is read without an error or a warning', () => {
  const files = readdirSync(new URL('../../docs/examples', import.meta.url)).sort()
  const found = files.filter((file) => file.endsWith('.conf'))
  expect(found).toEqual(names.map((name) => `${name}.conf`))
  for (const name of names) {
    const readSet = (path: string) => {
      throw new Error(`${path} is not in the package`)
    }
    const loaded = parseConfig([{ path: name, text: exampleText(name) }], { readSet, userId })
    expect(loaded).toMatchObject({ ok: true, warnings: [] })
  }
})

house('fibre-with-lte-backup', ['eth0', 'wwan0'], () => {
  test('LTE carries nothing but probes until fibre is dead, and again nothing when it is back', async () => {
    await nftIn(
      namespaceOf(lab.network, 2),
      // Probes are echo requests, and questions to name servers where an answer is late.
      'table ip seen { counter traffic { }\nchain forward { type filter hook forward priority 0; meta l4proto icmp accept; th dport 53 accept; th sport 53 accept; counter name traffic; }\n }\n',
    )
    await begin()
    expect(unique(await askFromLan(lab, times(20, who)))).toEqual([first])
    expect(unique(await askFromHost(lab, times(20, echo)))).toEqual([first])
    const seen = ['/usr/sbin/nft', 'list', 'counter', 'ip', 'seen', 'traffic']
    const { stdout } = await command(inNamespace(namespaceOf(lab.network, 2), seen))
    expect(stdout).toContain('packets 0')

    await blackhole(lab.network, 1)
    await untilCarriers(lab, ['wwan0'])
    expect(unique(await askFromLan(lab, times(20, who)))).toEqual([second])
    const onLte = await openSessions(lab.network.host, 2, 0)
    await mend(lab.network, 1)
    await untilCarriers(lab, ['eth0'])
    expect(unique(await askFromLan(lab, times(20, who)))).toEqual([first])
    await lab.tells({ event: 'failback', uplink: 'lte' }, longPatienceMs)
    for (const { peer, error } of await onLte.stop())
      expect([peer, error]).toEqual([second, expect.stringMatching(/ECONN/)])
  })

  test('with its quota used up it carries nothing even then', async () => {
    await lab.stopDaemon()
    const used = { periods: { '2999-01-01': 20e9 }, counter: 0, boot: 'former', device: 'wwan0' }
    await lab.exec(['/usr/bin/tee', '/var/lib/ifbalance/quota.json'], JSON.stringify({ lte: used }))
    await lab.startDaemon()
    await blackhole(lab.network, 1)
    await untilOffline('fibre')
    expect(unique(await askFromLan(lab, times(5, who)))).toEqual(['TIMEOUT'])
  })
})

house('two-dsl-lines', ['ppp0', 'ppp1'], () => {
  const clients = Array.from({ length: 20 }, (_, index) => `192.168.77.${11 + index}`)

  /** By client, the lines that its connections to these took. */
  async function linesOf(targets: readonly string[]): Promise<readonly (readonly string[])[]> {
    const each = clients.map((from) => targets.flatMap((to) => times(4, { ...who, from, to })))
    const answers = await askFromLan(lab, each.flat())
    return each.map((own, index) => unique(answers.slice(index * own.length, (index + 1) * own.length)))
  }

  beforeAll(async () => {
    await addClients(lab, clients)
    await begin()
    await lab.exec(['/usr/sbin/nft', 'add element inet ifbalance shops_4 { 8.8.8.8, 9.9.9.9 }'])
  })

  test('both lines are used, the first one more', async () => {
    const answers = await askFromLan(lab, times(90, { ...who, to: '1.1.1.1' }))
    expect(unique(answers)).toEqual([first, second])
    checkShare(answers.filter((peer) => peer === first).length, answers.length, 2 / 3)
  })

  test.each([
    ['the bank', [server]],
    ['shops', ['8.8.8.8', '9.9.9.9']],
  ])(
    'what a client does at %s uses one line; when that dies, the other, and who was there stays',
    async (_, targets) => {
      const before = await linesOf(targets)
      expect(before.filter((lines) => lines.length !== 1)).toEqual([])
      expect(unique(before.flat())).toEqual([first, second])
      await makesCarry(['dsl2'], () => blackhole(lab.network, 1))
      expect(await linesOf(targets)).toEqual(clients.map(() => [second]))
      await makesCarry(['dsl1', 'dsl2'], () => mend(lab.network, 1))
      const after = await linesOf(targets)
      expect(after.filter((lines) => lines.length !== 1)).toEqual([])
      expect(after.filter((_lines, index) => before[index]?.[0] === second).flat()).not.toContain(first)
    },
  )
})

house('office-with-voip', ['eth0', 'ppp0'], () => {
  const telephone = '192.168.77.33'
  const guest = '192.168.78.10'
  const voice = { ...echo, sourcePort: 41_000 }
  const calls = () =>
    askFromLan(lab, [{ ...who, from: telephone }, { ...echo, from: telephone }, { ...who, port: 5060 }, voice])

  beforeAll(async () => {
    await addClients(lab, [telephone])
    const { host, lan } = lab.network
    // Programs on desks mark their voices; guests have a network of their own.
    await nftIn(
      lan,
      'table ip desks { chain output { type filter hook output priority 0; udp sport 41000 ip dscp set ef; }\n }\n',
    )
    await ipBatch(host, [
      `link add guest0 type veth peer name guest netns ${lan}`,
      'address add 192.168.78.1/24 dev guest0',
      'link set guest0 up',
    ])
    await ipBatch(lan, [
      `address add ${guest}/24 dev guest`,
      'link set guest up',
      'route add default via 192.168.78.1 table 78',
      `rule add from ${guest} lookup 78`,
    ])
    await begin()
  })

  test('telephones, signalling and voices use DSL, all else fibre', async () => {
    expect(await calls()).toEqual([second, second, second, second])
    expect(unique(await askFromLan(lab, times(20, who)))).toEqual([first])
    expect(unique(await askFromLan(lab, times(5, echo)))).toEqual([first])
    expect(unique(await askFromLan(lab, times(5, { ...who, from: guest })))).toEqual([first])
  })

  test('explain says so, as ifbalance(8) shows it', async () => {
    const said = await lab.ifbalance(['explain', '--from', telephone, `${server}:5060`, 'udp'])
    expect(said.trimEnd().split('\n')).toEqual([
      'connection  UDP 192.168.77.33 -> 203.0.113.1 port 5060, in by lan0',
      'rule        guests: no, it comes in by lan0',
      'rule        telephones: matches',
      'decision    rule telephones: the first of its uplinks that works',
      'goes by     dsl',
      '            via 10.2.0.1 dev ppp0, table dsl, mark 0x2000000, mtu 1500',
      '            ip rule 32765: fwmark 0x2000000/0x3f000000 lookup 30002',
      'not         fibre: dsl comes first',
    ])
  })

  test('a call goes on by fibre when DSL dies, and new ones use DSL when it is back', async () => {
    await ipBatch(lab.network.lan, [`route replace default via ${addresses.lanRouter} src ${telephone}`])
    const call = await openSessions(lab.network.lan, 0, 1)
    expect(call.peers).toEqual([second])
    await blackhole(lab.network, 2)
    await untilOffline('dsl')
    const moves = ['/usr/sbin/conntrack', '--dump', '--proto', 'udp', '--orig-src', telephone, '--mark', '0x41000000']
    await until(lab, 'the call has moved', async () => /^udp (?!.*UNREPLIED)/m.test(await lab.exec(moves)))
    expect(await calls()).toEqual([first, first, first, first])
    const [moved] = await call.stop()
    expect(moved?.peer).toContain(second)
    expect(moved?.peer).toContain(first)
    await mend(lab.network, 2)
    await until(
      lab,
      'dsl is online',
      async () => (await health(lab)).includes('"dsl":{"inet":{"state":"online"'),
      15_000,
    )
    await ipBatch(lab.network.lan, [`route replace default via ${addresses.lanRouter}`])
    await until(lab, 'calls use DSL', async () => unique(await calls()).join() === second)
  })

  test('while fibre is dead, DSL carries all but guests, who are told', async () => {
    await makesCarry(['dsl'], () => blackhole(lab.network, 1))
    expect(unique(await askFromLan(lab, times(20, who)))).toEqual([second])
    expect(unique(await askFromLan(lab, times(5, { ...who, from: guest })))).toEqual(['EHOSTUNREACH'])
  })
})

house('camper', ['wlan0', 'wwan0'], () => {
  test('B1 nothing uses a Wi-Fi whose portal wants a login, and everything after it', async () => {
    const { internet, isps } = lab.network
    const web = (namespace: string, port: number, status: number, body: string) =>
      startIn(namespace, programArgv('web', [JSON.stringify({ port, status, body })]))
    await serveNames(
      lab.undo,
      internet,
      [],
      defaultUrls.map((url) => new URL(url).hostname),
    )
    for (const pages of [
      await web(internet, 80, 204, ''),
      await web(isps[0].namespace, 8080, 200, 'Please log in\n'),
    ]) {
      lab.undo.defer('a web server', () => pages.stop())
      await waitForLine(pages, (line) => line === 'ready')
    }
    const portal =
      'table inet portal { chain arriving { type nat hook prerouting priority dstnat; iifname "sub" tcp dport 80 redirect to :8080; }\n }\n'
    await nftIn(isps[0].namespace, portal)
    await lab.startDaemon()
    await untilCarriers(lab, ['wwan0'], '-4', longPatienceMs)
    expect(unique(await askFromLan(lab, times(20, who)))).toEqual([second])
    await nftIn(isps[0].namespace, 'delete table inet portal\n')
    await untilCarriers(lab, ['wlan0'], '-4', longPatienceMs)
    expect(unique(await askFromLan(lab, times(20, who)))).toEqual([first])
    await nftIn(isps[0].namespace, portal)
    await untilCarriers(lab, ['wwan0'], '-4', longPatienceMs)
    expect(unique(await askFromHost(lab, times(20, who)))).toEqual([second])
  })
})

house('two-providers-server', ['eth0', 'eth1'], () => {
  const backup = (script: string) =>
    lab.exec(['/usr/bin/setpriv', '--reuid=backup', '--regid=backup', '--clear-groups', '/bin/bash', '-c', script])
  const backups = `for i in $(seq 3); do exec 3<>/dev/tcp/${server}/7000 && cat <&3; done 2>&1`

  /** What a stranger gets who connects to the address that this provider gave the server. */
  async function fromOutside(isp: 1 | 2): Promise<string> {
    const question = { protocol: 'tcp', to: addresses.publicOf(isp), port: 8080 } as const
    const ask = inNamespace(lab.network.internet, programArgv('ask', [JSON.stringify(times(10, question))]))
    return unique(JSON.parse((await command(ask)).stdout)).join()
  }

  beforeAll(async () => {
    const { host, isps } = lab.network
    for (const isp of isps) await isp.forwardInbound(`10.${isp.number}.0.50`)
    const service = await startIn(host, programArgv('listen', ['8080', 'welcome']))
    lab.undo.defer('the service', () => service.stop())
    await waitForLine(service, (line) => line === 'ready')
    await begin()
  })

  test('services answer by the provider that they were asked through, also while it is used for nothing else', async () => {
    for (const isp of [1, 2] as const) expect(await fromOutside(isp)).toBe('welcome')
    for (const isp of [1, 2] as const) {
      await nftIn(
        namespaceOf(lab.network, isp),
        'table inet fault { chain forward { type filter hook forward priority -300; meta l4proto icmp drop; }\n }\n',
      )
      await untilCarriers(lab, [`eth${2 - isp}`])
      // What began before the line's connections are ended is one of them.
      await expect.poll(() => fromOutside(isp)).toBe('welcome')
      await mend(lab.network, isp)
      await untilCarriers(lab, ['eth0', 'eth1'])
    }
  })

  test('what it begins itself uses both, mail the first, backups the second', async () => {
    expect(unique(await askFromHost(lab, times(40, who)))).toEqual([first, second])
    expect(unique(await askFromHost(lab, times(10, { ...who, port: 25 })))).toEqual([first])
    expect(unique((await backup(backups)).trim().split('\n'))).toEqual([second])
  })

  test('mail moves, backups fail soon', async () => {
    await makesCarry(['second'], () => blackhole(lab.network, 1))
    expect(unique(await askFromHost(lab, times(10, { ...who, port: 25 })))).toEqual([second])
    await makesCarry(['first', 'second'], () => mend(lab.network, 1))
    await makesCarry(['first'], () => blackhole(lab.network, 2))
    const begun = performance.now()
    expect(unique((await backup(backups)).match(/: ([A-Z][a-z ]+)$/gm) ?? [])).toEqual([': No route to host'])
    // TCP believes the second answer, to the SYN that it sends a second later.
    const value = (performance.now() - begun) / 1000
    const name = 'three connections on a dead uplink by rule -> refused'
    record({ name, value, unit: 's', limit: 6, release: 'namespaces', stack: 'static' })
  })
})
