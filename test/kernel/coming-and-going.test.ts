/**
 * Uplinks come and go at random: sticks and phones with a new name each time, up to 63 at once and a thousand names over
 * time, up and down, renamed, with and without a lease. After each sequence the kernel is what a fresh start makes, and an
 * hour later nothing is kept of what is gone.
 * `SEQUENCES=500 SEED=1 npx vitest run --project kernel coming-and-going` plays longer, and again what a seed has found.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxUplinks } from '../../src/layout.ts'
import { noticeLoss } from '../../src/reconcile/head-start.ts'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { keepFact } from '../../src/sources/keep.ts'
import { stateFile } from '../../src/store/state.ts'
import { configOf } from '../config-of.ts'
import { record } from '../lab/measurements.ts'
import { hangsMs } from '../lab/patience.ts'
import { run } from '../lab/run.ts'
import { endsAsFresh } from './fresh-start.ts'
import { scenario } from './namespace.ts'
import { twoUplinks } from './world.ts'

interface Event {
  readonly does:
    | 'plug'
    | 'unplug'
    | 'rename'
    | 'down'
    | 'up'
    | 'carrier'
    | 'no carrier'
    | 'lease'
    | 'no lease'
    | 'hour'
    | 'look'
  /** Which of those that are there, or how many more or less. */
  readonly which: number
  readonly by: 'client' | 'route'
}

const config = configOf('[uplink stick]\ninterface = usb1*\nmetric = 10\n')

const play = await scenario(import.meta, async (sequences: number, seed: number) => {
  await twoUplinks()
  const world = { plugged: [] as string[], made: 0 }
  const event = fc.record<Event>({
    does: fc.oneof(
      ...['unplug', 'rename', 'down', 'up', 'carrier', 'no carrier', 'lease', 'no lease', 'look'].map((does) =>
        fc.constant(does as Event['does']),
      ),
      { arbitrary: fc.constant('plug' as const), weight: 5 },
      { arbitrary: fc.constant('hour' as const), weight: 1 },
    ),
    which: fc.nat(maxUplinks),
    by: fc.constantFrom('client', 'route'),
  })
  const report = await fc.check(
    fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 12 }), async (events) => {
      for (const one of events) await happen(one, world)
      await endsAsFresh(config)
      await anHourLater(world.plugged)
    }),
    { numRuns: sequences, seed, endOnFailure: true },
  )
  return {
    names: world.made,
    failure: report.failed ? `${fc.defaultReportMessage(report)}\n${report.errorInstance}` : null,
  }
})

type World = { readonly plugged: string[]; made: number }

async function happen({ does, which, by }: Event, world: World): Promise<void> {
  const { plugged } = world
  const name = plugged[which % Math.max(1, plugged.length)]
  if (does === 'look') return void (await reconcile(config))
  if (does === 'hour') return passAnHour()
  if (does === 'plug') {
    const count = Math.min(1 + (which % 24), maxUplinks - 2 - plugged.length)
    const names = Array.from({ length: count }, () => `usb${++world.made}`)
    await ip(
      names.flatMap((one) => [
        `link add ${one} type veth peer name far${one}`,
        `link set far${one} up`,
        `link set ${one} up`,
      ]),
    )
    plugged.push(...names)
    for (const one of names) await lease(one, by)
    return
  }
  if (name === undefined) return
  if (does === 'unplug') {
    const gone = plugged.splice(which % plugged.length, 1 + (which % 16))
    await ip(gone.map((one) => `link del ${one}`))
    return
  }
  if (does === 'rename') {
    const other = `usb${++world.made}`
    await ip([
      `link set ${name} down`,
      `link set ${name} name ${other}`,
      `link set far${name} name far${other}`,
      `link set ${other} up`,
    ])
    plugged[plugged.indexOf(name)] = other
    return await lease(other, by)
  }
  if (does === 'lease') return await lease(name, by)
  if (does === 'no lease') {
    keepFact(name, { kind: 'lease', lease: null })
    return await ip([`addr flush dev ${name}`])
  }
  if (does === 'carrier' || does === 'no carrier') {
    await ip([`link set far${name} ${does === 'carrier' ? 'up' : 'down'}`])
    // As the daemon hears it, whatever has become of the device by the next round.
    if (does === 'no carrier') noticeLoss(name)
    return
  }
  await ip([`link set ${name} ${does}`])
}

/** A DHCP client's, as its hook tells of it, or with the route that it makes. */
async function lease(name: string, by: Event['by']): Promise<void> {
  const number = Number(name.slice(3))
  const net = `10.${100 + (number >> 8)}.${number & 255}`
  await ip([
    `addr replace ${net}.2/24 dev ${name}`,
    ...(by === 'route' ? [`route replace default via ${net}.1 dev ${name} metric ${2000 + number}`] : []),
  ])
  if (by === 'client')
    keepFact(name, { kind: 'lease', lease: { source: 'dhclient', address: `${net}.2`, gateway: { inet: `${net}.1` } } })
}

/** What the kernel refuses in the present state is an event, too. */
async function ip(lines: readonly string[]): Promise<void> {
  await run('/usr/sbin/ip', ['-force', '-batch', '-'], { input: lines.join('\n'), accept: [0, 1, 2] })
}

/** Whatever is gone has been so for an hour more. */
function passAnHour(): void {
  if (!existsSync(stateFile.path)) return
  const { uplinks, ...rest } = JSON.parse(readFileSync(stateFile.path, 'utf8'))
  for (const uplink of Object.values<{ goneSince?: number }>(uplinks))
    if (uplink.goneSince !== undefined) uplink.goneSince -= 3600
  writeFileSync(stateFile.path, JSON.stringify({ uplinks, ...rest }))
}

/** Only what is there, configured, or may still have connections has a number then. */
async function anHourLater(plugged: readonly string[]): Promise<void> {
  await reconcile(config)
  passAnHour()
  await reconcile(config)
  const { uplinks } = JSON.parse(readFileSync(stateFile.path, 'utf8'))
  const kept = Object.entries<{ readonly interface: string; readonly drains?: unknown }>(uplinks).filter(
    ([name, { interface: device, drains }]) =>
      drains === undefined && name !== 'stick' && ![...plugged, 'wan1', 'wan2'].includes(device),
  )
  if (kept.length > 0) throw new Error(`remembered for ever: ${JSON.stringify(kept)}`)
}

const sequences = Number(process.env['SEQUENCES'] ?? 3)
const timeoutMs = hangsMs + sequences * 30_000
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)

test(
  `R3: uplinks come and go, ${sequences} sequences of it: all is as a fresh start makes it, and what is gone is given back (seed ${seed})`,
  async () => {
    const { names, failure } = await play({ timeoutMs }, sequences, seed)
    expect(failure, `seed ${seed}`).toBeNull()
    expect(names).toBeGreaterThan(0)
    const name = `sequences of uplinks that come and go, of ${sequences}, that end unlike a fresh start`
    record({ name, value: 0, unit: 'sequences', limit: 0, release: 'namespace', stack: 'kernel' })
  },
  timeoutMs + 30_000,
)
