/**
 * Connections of every kind that are held open through a router between two providers and a LAN, while something happens to its
 * programs or rulesets: none may be lost, and none may leave by an uplink whose address it does not have. What does is counted at the
 * providers, and dropped, as providers do.
 */
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { isStrict, record } from '../lab/measurements.ts'
import type { Running } from './daemon-host.ts'

const program = fileURLToPath(new URL('programs/held.py', import.meta.url))
/** The argv of a program that holds connections: see there. */
export const held = (...args: readonly string[]): readonly string[] => ['/usr/bin/python3', program, ...args]

/** Of each kind. */
export const count = isStrict ? 100 : 12

/** Nothing here is measured. */
const patienceMs = 60_000

export type Place = 'host' | 'lan' | 'isp1' | 'isp2'
const isps = ['isp1', 'isp2'] as const
const whoSets = isps.flatMap((isp) => ['who_ip', 'who_ip6'].map((name) => ({ isp, name })))

/** A LAN that has addresses of the first provider's, too; its configuration. */
export const prefix = '2001:db8:1:5::'
export const prefixConfig = `[uplink wan1]\ninterface = wan1\nprefix = ${prefix}/64\n`

const lan = {
  router: { inet: '192.168.77.1', inet6: 'fd00:77::1' },
  client: { inet: '192.168.77.10', inet6: 'fd00:77::10' },
  /** Nobody has them: a client that connects itself might choose a port that its proxy has chosen. */
  proxied: { inet: '192.168.77.11', inet6: 'fd00:77::11' },
}

/** Hosts behind this one with addresses of the first provider's link, the second one proxied: how they are made to be. */
const near = { inet: ['10.1.0.201', '10.1.0.202'], inet6: ['2001:db8:1::201', '2001:db8:1::202'] } as const
const nearOnHost = [
  'sysctl -qw net.ipv4.conf.wan1.proxy_arp=1 net.ipv6.conf.wan1.proxy_ndp=1',
  ...near.inet.map((address) => `ip route replace ${address} dev lan0`),
  ...near.inet6.flatMap((address) => [
    `ip route replace ${address} dev lan0`,
    `ip neigh replace proxy ${address} dev wan1`,
  ]),
].join(' && ')

export interface World {
  /** For figures. */
  readonly where: { readonly release: string; readonly stack: string }
  /** Both providers have them. */
  readonly server: { readonly inet: string; readonly inet6: string }
  /** The host's address of a provider's network, 1 or 2. */
  readonly addressOf: (isp: number) => { readonly inet: string; readonly inet6: string }
  readonly run: (place: Place, argv: readonly string[], input?: string) => Promise<{ readonly stdout: string }>
  /** Starts something that goes on, and says what it does on standard error. */
  readonly start: (place: Place, argv: readonly string[]) => Running
}

interface Plan {
  readonly name: string
  readonly kind: 'tcp' | 'download' | 'active' | 'passive' | 'tftp'
  readonly to: string
  readonly port: number
  readonly bind?: string
}

export interface Holding {
  /** What works without us: all of IPv6 by wan1, and all of IPv4 by `main`, where that has its default. */
  readonly early: (count: number, main: 1 | 2) => Promise<void>
  /** Over both uplinks, as new connections are. */
  readonly all: (count: number, proxies?: boolean) => Promise<void>
  /** What comes in by this provider. */
  readonly from: (isp: 1 | 2, count: number) => Promise<void>
  /** The servers say something all the time. */
  readonly chat: () => void
  /** The servers, downloads included, say nothing until `work` is done. */
  readonly inSilence: (work: () => Promise<void>) => Promise<void>
  /** All connections are asked, or hear of their servers first. */
  readonly expectAllWell: (what: string, first?: 'client' | 'server') => Promise<void>
  /** The same behind an event, which is kept among the figures where these are asked for. */
  readonly expectAllStayed: (event: string, first?: 'client' | 'server') => Promise<void>
  /** Keeps how many an event costs that may cost some. */
  readonly recordLost: (event: string) => Promise<void>
  /** Forgets what has left by a wrong uplink, as happens while the ruleset of this program is not there. */
  readonly forgetStrangers: () => Promise<void>
}

/** The administrator's: port forwards, a proxy with its clients' addresses, helpers for FTP and TFTP. */
export const theirs = `
table inet theirs
delete table inet theirs
table inet theirs {
  ct helper ftp { type "ftp" protocol tcp; }
  ct helper tftp { type "tftp" protocol udp; }
  chain forwards {
    type nat hook prerouting priority dstnat
    iifname "wan*" meta nfproto ipv4 th dport { 7001, 21, 69 } dnat ip to ${lan.client.inet}
    iifname "wan*" meta nfproto ipv6 ip6 daddr 2001:db8::/32 th dport { 7001, 21 } dnat ip6 to ${lan.client.inet6}
  }
  chain helpers {
    type filter hook prerouting priority filter
    tcp dport 21 ct helper set "ftp"
    udp dport 69 ct helper set "tftp"
  }
  chain proxy {
    type filter hook prerouting priority mangle
    meta l4proto tcp socket transparent 1 socket wildcard 0 iifname "wan*" meta mark set meta mark & 0xfffffffe | 1
  }
  chain srcnat {
    type nat hook postrouting priority srcnat
    oifname "wan*" ip saddr 192.168.77.0/24 masquerade
  }
}
`

const strict = (i: number, { server }: World) => `
table inet strict
delete table inet strict
table inet strict {
  counter strangers { }
  counter streams { }
  set who_ip { type ipv4_addr . inet_service . inet_service; flags dynamic,timeout; timeout 1h; size 1000; }
  set who_ip6 { type ipv6_addr . inet_service . inet_service; flags dynamic,timeout; timeout 1h; size 1000; }
  chain prerouting {
    type filter hook prerouting priority -290
    meta l4proto tcp counter name streams
    ip daddr ${server.inet} ip saddr != 10.${i}.0.0/24 counter name strangers add @who_ip { ip saddr . th sport . th dport } drop
    ip6 daddr ${server.inet6} ip6 saddr != 2001:db8:${i}::/48 counter name strangers add @who_ip6 { ip6 saddr . th sport . th dport } drop
  }
}
`

/** Loads others' rulesets and starts the servers, also a second time. The world has addresses and routes of both families already. */
export async function startHolding(world: World): Promise<Holding> {
  const { server, addressOf, run, start, where } = world
  const clients: Running[] = []

  for (const place of ['host', 'lan', ...isps] as const) await run(place, ['sysctl', '-qw', 'net.core.txrehash=0'])
  await run('host', ['ip', 'address', 'replace', `${prefix}1/64`, 'dev', 'lan0', 'nodad'])
  const notPreferred = ['nodad', 'preferred_lft', '0']
  await run('lan', ['ip', 'address', 'replace', `${prefix}10/64`, 'dev', 'eth0', ...notPreferred])
  await run('host', ['sh', '-c', nearOnHost])
  for (const address of [near.inet[0], near.inet6[0]])
    await run('lan', [
      'ip',
      'address',
      'replace',
      address,
      'dev',
      'eth0',
      ...(address.includes(':') ? notPreferred : []),
    ])
  await run('isp1', ['ip', 'route', 'replace', `${prefix}/64`, 'via', addressOf(1).inet6])
  for (const i of [1, 2] as const) await run(`isp${i}`, ['nft', '-f', '-'], strict(i, world))
  await run('host', ['nft', '-f', '-'], theirs)
  // A busy machine may leave a transfer of TFTP without a packet for longer than the kernel remembers it.
  const remembered = ['', '_stream'].map((kind) => `net.netfilter.nf_conntrack_udp_timeout${kind}=600`)
  await run('host', ['sysctl', '-qw', ...remembered])
  for (const family of ['-4', '-6']) {
    const rule = `ip ${family} rule add fwmark 1/1 lookup 100`
    await run('host', ['sh', '-c', `ip ${family} rule | grep -q 'fwmark 0x1/0x1 lookup 100' || ${rule}`])
    await run('host', ['ip', family, 'route', 'replace', 'local', 'default', 'dev', 'lo', 'table', '100'])
  }
  const servers = [
    ...isps.map((isp) => start(isp, held('server', server.inet, server.inet6))),
    start('lan', held('server', lan.client.inet)),
    start('host', held('server', lan.router.inet)),
  ]
  await Promise.all(servers.map((one) => one.says(/ready/, 0, patienceMs)))

  async function hold(place: Place, plans: readonly Plan[], each: number): Promise<void> {
    const client = start(place, held('client', JSON.stringify(plans.map((plan) => ({ ...plan, count: each })))))
    clients.push(client)
    await client.says(/^open /, 0, patienceMs)
    const failed = lost(client, 'open')
    const which = Object.keys(failed).length > 0 ? await whichStrangers() : ''
    expect({ place, failed, which }).toEqual({ place, failed: {}, which: '' })
  }

  const tcp = (name: string, to: string, bind?: string): Plan => ({
    ...{ name, kind: 'tcp', to, port: 7000 },
    ...(bind && { bind }),
  })
  const ftp = (name: string, kind: 'active' | 'passive', to: string, bind?: string): Plan => ({
    ...{ name, kind, to, port: 21 },
    ...(bind && { bind }),
  })
  const download = (plan: Plan): Plan => ({ ...plan, name: `${plan.name} download`, kind: 'download', port: 7002 })

  const [lan4, lan6] = [tcp('lan', server.inet), tcp('lan6', server.inet6, `${prefix}10`)]
  const ofLan: readonly Plan[] = [
    ...[lan4, lan6, download(lan4), download(lan6)],
    ftp('active', 'active', server.inet),
    ftp('active6', 'active', server.inet6, `${prefix}10`),
    ftp('passive', 'passive', server.inet),
    ftp('passive6', 'passive', server.inet6, `${prefix}10`),
    { name: 'tftp', kind: 'tftp', to: server.inet, port: 69 },
  ]
  /** Of the LAN and of this host, with addresses of the first provider's link. */
  const nearby = {
    lan: [tcp('near', server.inet, near.inet[0]), tcp('near6', server.inet6, near.inet6[0])],
    host: [tcp('near proxy', server.inet, near.inet[1]), tcp('near proxy6', server.inet6, near.inet6[1])],
  }
  const [host4, host6] = [tcp('host', server.inet), tcp('host6', server.inet6)]
  const ofHost: readonly Plan[] = [
    ...[host4, host6, download(host4), download(host6)],
    tcp('bound', server.inet, lan.router.inet),
  ]

  return {
    early: async (each, main) => {
      // Another provider drops what has the first one's addresses.
      const isFirst = ({ to }: Plan) => main === 1 || to === server.inet6
      await hold('lan', [...ofLan, ...nearby.lan.filter(isFirst)], each)
      // Nobody translates IPv6, so what is to work has addresses of the first provider's.
      const proxies = [tcp('proxy', server.inet, lan.proxied.inet), tcp('proxy6', server.inet6, `${prefix}11`)]
      await hold(
        'host',
        [...ofHost, tcp('bound6', server.inet6, `${prefix}1`), ...proxies, ...nearby.host.filter(isFirst)],
        each,
      )
      const first = addressOf(1).inet6
      await hold('isp1', [tcp('forward6', `${prefix}10`, server.inet6), tcp('service6', first, server.inet6)], each)
      const { inet } = addressOf(main)
      await hold(
        `isp${main}`,
        [
          { name: 'forward', kind: 'tcp', to: inet, port: 7001, bind: server.inet },
          tcp('service', inet, server.inet),
          ftp('passive in', 'passive', inet, server.inet),
          ftp('active in', 'active', inet, server.inet),
        ],
        each,
      )
    },
    all: async (each, proxies = true) => {
      await hold('lan', [...ofLan, ...nearby.lan, tcp('lan6 private', server.inet6, lan.client.inet6)], each)
      await hold(
        'host',
        [
          ...ofHost,
          tcp('bound6', server.inet6, lan.router.inet6),
          ...(proxies
            ? [
                tcp('proxy', server.inet, lan.proxied.inet),
                tcp('proxy6', server.inet6, lan.proxied.inet6),
                tcp('prefix proxy6', server.inet6, `${prefix}11`),
                ...nearby.host,
              ]
            : []),
        ],
        each,
      )
    },
    from: async (isp, each) => {
      const { inet, inet6 } = addressOf(isp)
      const name = (kind: string) => `${kind} isp${isp}`
      await hold(
        `isp${isp}`,
        [
          { name: name('forward'), kind: 'tcp', to: inet, port: 7001, bind: server.inet },
          { name: name('forward6'), kind: 'tcp', to: inet6, port: 7001, bind: server.inet6 },
          tcp(name('service'), inet, server.inet),
          tcp(name('service6'), inet6, server.inet6),
          ftp(name('active in'), 'active', inet, server.inet),
          ftp(name('active in6'), 'active', inet6, server.inet6),
          ftp(name('passive in'), 'passive', inet, server.inet),
          ftp(name('passive in6'), 'passive', inet6, server.inet6),
        ],
        each,
      )
    },
    chat: () => {
      for (const one of servers) one.signal('SIGUSR2')
    },
    recordLost: async (event) => {
      await ask('client')
      const counts = clients.flatMap((client) => Object.values(counted(client, 'answered')))
      tell(
        event,
        counts.reduce((sum, [good, all]) => sum + all - good, 0),
        null,
      )
    },
    inSilence: async (work) => {
      const all = async (word: RegExp) => {
        const since = servers.map((one) => one.said().length)
        for (const one of servers) one.signal('SIGHUP')
        await Promise.all(servers.map((one, index) => one.says(word, since[index], patienceMs)))
      }
      await all(/^silent/)
      await untilStill()
      await work()
      await all(/^talking/)
    },
    expectAllWell,
    expectAllStayed: async (event, first) => {
      await expectAllWell(event, first)
      if (isStrict) tell(event, 0, 0)
    },
    forgetStrangers: async () => {
      await strangers()
      for (const { isp, name } of whoSets) await run(isp, ['nft', 'flush', 'set', 'inet', 'strict', name])
    },
  }

  async function ask(first: 'client' | 'server'): Promise<string> {
    const word = first === 'client' ? 'answered' : 'heard'
    const since = clients.map((client) => client.said().length)
    for (const client of clients) client.signal(first === 'client' ? 'SIGUSR1' : 'SIGUSR2')
    if (first === 'server') for (const one of servers) one.signal('SIGUSR1')
    await Promise.all(clients.map((client, index) => client.says(new RegExp(`^${word} `), since[index], patienceMs)))
    return word
  }

  /** Whoever is slow at reading goes on telling its server how much room it has. */
  async function untilStill(): Promise<void> {
    const deadline = Date.now() + patienceMs
    for (let last = ''; ; ) {
      const now = await streams()
      if (now === last) return
      if (Date.now() > deadline) throw new Error(`waiting: never still, ${last} packets and then ${now}`)
      last = now
      await setTimeout(500)
    }
  }

  async function streams(): Promise<string> {
    const listed = await Promise.all(
      isps.map((isp) => run(isp, ['nft', 'list', 'counter', 'inet', 'strict', 'streams'])),
    )
    return listed.map(({ stdout }) => /packets (\d+)/.exec(stdout)?.[1]).join()
  }

  function tell(event: string, value: number, limit: 0 | null): void {
    const counts = clients.flatMap((client) => Object.entries(counted(client, 'open')))
    const kinds = new Set(counts.map(([kind]) => kind)).size
    const all = counts.reduce((sum, [, [, ofThese]]) => sum + ofThese, 0)
    record({
      ...where,
      name: `lost of ${all} open connections of ${kinds} kinds by ${event}`,
      value,
      unit: 'connections',
      limit,
    })
  }

  async function expectAllWell(what: string, first: 'client' | 'server' = 'client'): Promise<void> {
    const word = await ask(first)
    const all = clients.flatMap((client) =>
      Object.entries(lost(client, word)).map(([name, count]) => `${name}: ${count}`),
    )
    const counts = await strangers()
    const which = counts.some((one) => one > 0) ? await whichStrangers() : ''
    expect({ what, lost: all, strangers: counts, which }).toEqual({ what, lost: [], strangers: [0, 0], which: '' })
  }

  /** The strangers' addresses and ports, and when each came first, by what is left of an hour. */
  async function whichStrangers(): Promise<string> {
    const listed = await Promise.all(
      whoSets.map(({ isp, name }) => run(isp, ['nft', 'list', 'set', 'inet', 'strict', name])),
    )
    return listed
      .map(({ stdout }, index) => `${whoSets[index]?.isp} ${/elements = \{[^}]*\}/.exec(stdout)?.[0] ?? ''}`)
      .join('\n')
  }

  async function strangers(): Promise<readonly number[]> {
    return Promise.all(
      isps.map(async (isp) => {
        const { stdout } = await run(isp, ['nft', 'reset', 'counters', 'table', 'inet', 'strict'])
        return Number(/strangers \{\s+packets (\d+)/.exec(stdout)?.[1])
      }),
    )
  }
}

type Counts = Readonly<Record<string, readonly [good: number, all: number]>>

function counted(client: Running, word: string): Counts {
  const line = client.said().findLast((one) => one.startsWith(`${word} `))
  return JSON.parse(line?.slice(word.length) ?? '{}')
}

/** By name, how many of how many are not as they should be, by the last line that begins so. */
export function lost(client: Running, word: string): Readonly<Record<string, string>> {
  const failed = client.said().filter((line) => line.startsWith('failed'))
  const bad = Object.entries(counted(client, word)).filter(([, [good, all]]) => good !== all)
  return {
    ...Object.fromEntries(bad.map(([name, [good, all]]) => [name, `${all - good} of ${all}`])),
    ...(failed.length > 0 && { failed: failed.join('; ') }),
  }
}
