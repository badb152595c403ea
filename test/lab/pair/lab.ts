/** The whole lab: two routers with everything on them, what is around them, and connections. */
import { type Disposer, disposer } from '../disposer.ts'
import type { Release } from '../image.ts'
import { longPatienceMs, restMs } from '../patience.ts'
import { sweep } from '../sweep.ts'
import { createMachineRouter } from './machine-router.ts'
import { createPairNetwork, leased, type PairNetwork, serveLeases, shared } from './network.ts'
import { createRouter, type PairRouter, type Variant } from './router.ts'
import { serveTraffic } from './traffic.ts'

export interface PairLab {
  readonly network: PairNetwork
  readonly a: PairRouter
  readonly b: PairRouter
  readonly undo: Disposer
  /** Waits until this one is active, and the other is not. */
  readonly untilActive: (router: PairRouter) => Promise<void>
  /** Waits until keepalived of this one is told of so many uplinks. */
  readonly untilUsable: (router: PairRouter, count: number) => Promise<void>
  /** How often one of the two has become active, as their daemons told. */
  readonly timesActive: () => number
  /** Waits until that was told so often, which takes a daemon a moment where it has many connections to look through. */
  readonly untilTold: (times: number) => Promise<void>
  /** How many of the connections that it carries are on this uplink. */
  readonly connectionsOf: (router: PairRouter, uplink: number) => Promise<number>
  /** Addresses at the providers that move: of IPv4, of IPv6. */
  readonly inward: readonly (readonly string[])[]
  readonly dispose: () => Promise<void>
}

/** What the two are, where they are booted Debians. */
export type Releases = Readonly<Record<'a' | 'b', { readonly release: Release; readonly deb?: string }>>

/** Both have booted, both may take over, the first is active. */
export async function pairLab(variant: Variant, releases?: Releases): Promise<PairLab> {
  await sweep()
  const undo = disposer()
  try {
    const network = await createPairNetwork(undo)
    await serveTraffic(undo, network)
    if (variant.addresses === 'dhcp' || variant.addresses === 'examples') await serveLeases(undo, network)
    const [a, b] = await Promise.all(
      (['a', 'b'] as const).map((name) =>
        releases
          ? createMachineRouter(undo, network, name, { variant, ...releases[name] })
          : createRouter(undo, network, name, variant),
      ),
    )
    if (!a || !b) throw new Error('two routers: not made')
    const untilUsable = (router: PairRouter, count: number) =>
      until(router, `is told of ${count} uplinks`, async () => (await router.usable()) === count)
    const untilActive = (router: PairRouter) =>
      until(router, 'is active alone', async () => {
        const other = router === a ? b : a
        return (await router.isActive()) && !(await other.isActive())
      })
    const inward = {
      static: [shared.isps, shared.isps6],
      none: [shared.isps, shared.isps6],
      examples: [shared.isps, leased.isps6],
      dhcp: [],
    }[variant.conntrackd === null ? 'dhcp' : variant.addresses]
    if (variant.addresses !== 'examples') await Promise.all([a.boot(), b.boot()])
    else await a.boot()
    await untilUsable(a, 2)
    if (variant.addresses === 'examples') await b.boot()
    // With one lease a standby has no link.
    if (variant.addresses !== 'examples') await untilUsable(b, 2)
    await untilActive(a)
    const timesActive = () =>
      [...a.said(), ...b.said()].filter((line) => /"event":"role".*"to":"active"|^this router is now active/.test(line))
        .length
    const connectionsOf = async (router: PairRouter, uplink: number) => {
      const mark = ['--mark', `0x${uplink}000000/0x3f000000`]
      const argv = ['/usr/sbin/conntrack', '-L', '-p', 'tcp', '--state', 'ESTABLISHED', ...mark]
      const listed = await Promise.all(['ipv4', 'ipv6'].map((family) => router.exec([...argv, '-f', family])))
      return listed.flatMap((text) => text.split('\n')).filter((line) => / dport=(7002|8080) /.test(line)).length
    }
    return {
      ...{
        network,
        a,
        b,
        undo,
        untilActive,
        untilUsable,
        inward,
        timesActive,
        untilTold: (times) =>
          until(a, `and its peer have told ${times} times that they are active`, async () => timesActive() >= times),
        connectionsOf,
      },
      dispose: () => undo.dispose(),
    }
  } catch (error) {
    await undo.dispose()
    throw error
  }
}

async function until(router: PairRouter, what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + longPatienceMs
  for (let looked = Date.now(); !(await isSo()); looked = Date.now()) {
    if (Date.now() > deadline) {
      const said = [...router.said().slice(-15), ...router.others().slice(-25)]
      throw new Error(`waiting: router ${router.name} never ${what}:\n${said.join('\n')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, restMs(Date.now() - looked)))
  }
}
