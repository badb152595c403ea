/**
 * Each change of an uplink is told once, and by all: the log, the history on disk, D-Bus and `ifbalance monitor`, through random faults
 * and restarts. IFBALANCE_FAULTS=1000 (`npm run test:faults`) has so many of them, IFBALANCE_SEED others.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { randomOf } from '../lab/lines/random.ts'
import { median, record } from '../lab/measurements.ts'
import { hangsMs, longPatienceMs } from '../lab/patience.ts'
import { connectTo, names, prepareBus, type SystemBus, startSystemBus } from './daemon-bus.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import type { Told } from './transcript.ts'

const wanted = Number(process.env['IFBALANCE_FAULTS'] ?? 16)
const seed = Number(process.env['IFBALANCE_SEED'] ?? 18)

const uplinks = ['wan1', 'wan2'] as const
type Name = (typeof uplinks)[number]

/** What is wrong with an uplink; the first that is true of it is the state that it has. */
interface Wrong {
  readonly disabled: boolean
  readonly cable: boolean
  readonly lease: boolean
  readonly dead: boolean
  readonly drained: boolean
  readonly metered: boolean
}
const well: Wrong = { disabled: false, cable: false, lease: false, dead: false, drained: false, metered: false }

function stateOf({ disabled, cable, lease, dead }: Wrong): string {
  return disabled ? 'disabled' : cable ? 'down' : lease ? 'unconfigured' : dead ? 'offline' : 'online'
}

let host: Host
let system: SystemBus
let daemon: Running
beforeEach(async () => {
  host = await startHost()
  await prepareBus(host)
  system = await startSystemBus(host)
  await host.write('/etc/ifbalance/conf.d/00-nothing-answers-here.conf', '')
  await host.write('/etc/ifbalance/alive', '#!/bin/sh\ntest ! -e "/run/dead-$1"\n')
  await host.run(['chmod', '755', '/etc/ifbalance/alive'])
  await configure('')
})
afterEach(() => host.end())

async function configure(name: string, more = ''): Promise<void> {
  const sections = uplinks.map((uplink) => {
    const probe = 'probe = script\nprobe-targets = /etc/ifbalance/alive\nprobe-interval = 0.3\ncount-up = 1\n'
    return `[uplink ${uplink}]\ninterface = ${uplink}\n${probe}${uplink === name ? more : ''}`
  })
  await host.write('/etc/ifbalance/conf.d/50-lines.conf', sections.join('\n'))
}

/** How each wrong begins and ends. */
const deeds: Readonly<Record<keyof Wrong, (name: Name, isWrong: boolean) => Promise<unknown>>> = {
  disabled: (name, isWrong) => host.ifbalance([isWrong ? 'disable' : 'enable', name]),
  cable: (name, isWrong) => host.run(['ip', 'link', 'set', name.replace('wan', 'isp'), isWrong ? 'down' : 'up']),
  lease: async (name, isWrong) => {
    const i = name.slice(3)
    if (isWrong) return host.run(['ip', 'address', 'flush', 'dev', name])
    const route = `ip route add default via 10.${i}.0.1 dev ${name} metric 10${i}`
    return host.run(['sh', '-c', `ip address add 10.${i}.0.2/24 dev ${name} && ${route}`])
  },
  dead: (name, isWrong) => host.run(isWrong ? ['touch', `/run/dead-${name}`] : ['rm', `/run/dead-${name}`]),
  drained: (name, isWrong) => host.ifbalance([isWrong ? 'drain' : 'enable', name]),
  metered: async (name, isWrong) => {
    await configure(name, isWrong ? 'metered = yes\n' : '')
    return host.ifbalance(['reload'])
  },
}

/** What an uplink was last told to be: the daemon says nothing at its start of what works. */
function told(since: number, name: Name): string {
  const [last] = daemon.told({ event: 'uplink', uplink: name, family: undefined }, since).slice(-1)
  return String(last?.['to'] ?? 'online')
}

const kept = ['uplink', 'drain', 'carrying', 'held-down', 'failback']
const isKept = ({ event }: Told) => kept.includes(String(event))

test(
  `${wanted} random faults: each change is told once, by the log, the history, D-Bus and the monitor`,
  async () => {
    const random = randomOf(seed).part
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
    const state: Record<Name, Wrong> = { wan1: well, wan2: well }
    const failures: Record<Name, number> = { wan1: 0, wan2: 0 }
    const lives: (readonly Told[])[] = []
    const monitor = host.start(['sh', '-c', 'exec /usr/sbin/ifbalance monitor --json >&2'])
    const signalled = new Map<Name, { state: string; at: number }[]>(uplinks.map((name) => [name, []]))
    const bus = await connectTo(system)
    bus.on('message', ({ path, member, body }) => {
      const name = uplinks.find((one) => path === `/org/ifbalance1/uplink/${one.slice(3)}`)
      const changed: string | undefined = member === 'PropertiesChanged' ? body[1]?.State?.value : undefined
      if (name && changed) signalled.get(name)?.push({ state: changed, at: Date.now() })
    })
    const dbus = bus as unknown as { call: (message: object) => Promise<unknown> }
    const { Message } = await import('dbus-next').then(({ default: it }) => it)
    await dbus.call(
      new Message({
        ...{ destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' },
        ...{ member: 'AddMatch', signature: 's', body: [`type='signal',sender='${names.service}'`] },
      }),
    )
    const kernel = host.start(['sh', '-c', 'exec env TZ=UTC ip -ts monitor link >&2'])
    const delays: Record<'dbus' | 'monitor', number[]> = { dbus: [], monitor: [] }
    let done = 0
    const log: string[] = []

    const start = async () => {
      daemon = host.daemon()
      await monitorSays(({ event, running }) => event === 'daemon' && running === true)
      await settle()
    }
    const stop = async () => {
      daemon.signal('SIGTERM')
      await daemon.ended
      lives.push(daemon.told({ event: /./ }))
    }
    let heard = 0
    const lines = () => monitor.said().map((line) => JSON.parse(line) as Told)
    const monitorSays = async (isIt: (line: Told) => boolean) => {
      await expect.poll(() => lines().slice(heard).some(isIt), { timeout: longPatienceMs, interval: 10 }).toBe(true)
      heard = monitor.said().length
    }
    async function settle(since = 0) {
      const now = () => uplinks.map((name) => told(since, name))
      await expect
        .poll(now, { timeout: longPatienceMs, interval: 10, message: log.slice(-8).join('\n') })
        .toEqual(uplinks.map((name) => stateOf(state[name])))
    }

    /** A fault that is possible now. */
    function choose(): readonly [Name, keyof Wrong] {
      for (;;) {
        const name = pick(uplinks)
        const kind = pick(['cable', 'cable', 'dead', 'disabled', 'lease', 'drained', 'metered'] as const)
        const now = state[name]
        const isOthers = uplinks.some((one) => one !== name && state[one][kind])
        // What fails on all lines at once is nobody's fault; each failure of a line keeps it down for longer; one file says who is metered.
        if (kind === 'dead' && !now.dead && (isOthers || failures[name] > 1)) continue
        if (kind === 'metered' && isOthers) continue
        if (kind === 'drained' && now.disabled) continue
        if (kind === 'disabled' && now.drained) continue
        // Whether a line is dead is found out, and told, while it has a way out.
        if (kind === 'dead' && stateOf({ ...now, dead: false }) !== 'online') continue
        if (now.dead && kind !== 'dead') continue
        return [name, kind]
      }
    }

    async function inflict([name, kind]: readonly [Name, keyof Wrong]): Promise<void> {
      const isWrong = !state[name][kind]
      log.push(`${done}: ${name} ${kind} ${isWrong ? 'begins' : 'ends'}`)
      if (kind === 'dead' && isWrong) failures[name] += 1
      state[name] = { ...state[name], [kind]: isWrong }
      await deeds[kind](name, isWrong)
      done += 1
    }

    await start()
    while (done < wanted) {
      if (done % 50 > (done + 1) % 50) process.stdout.write(`  ${done} of ${wanted} faults\n`)
      const what = random()
      if (what < 0.06) {
        await stop()
        // A boot forgets what /run has.
        if (random() < 0.5 || Math.max(...Object.values(failures)) > 1) {
          await host.run(['sh', '-c', 'rm -rf /run/ifbalance/*'])
          for (const name of uplinks) {
            failures[name] = 0
            state[name] = { ...state[name], disabled: false, drained: false }
          }
        }
        log.push(`${done}: the daemon is started anew`)
        done += 1
        await start()
      } else if (what < 0.3) {
        for (let i = 0; i < 3; i++) await inflict(choose())
        await host.ifbalance(['apply'])
        await settle()
        await host.ifbalance(['apply'])
      } else {
        const fault = choose()
        const [name, kind] = fault
        const before = stateOf(state[name])
        const seen = daemon.said().length
        const began = Date.now()
        await inflict(fault)
        await settle()
        const after = stateOf(state[name])
        const changes = daemon.told({ event: 'uplink', family: undefined }, seen)
        const expected = before === after ? [] : [{ uplink: name, from: before, to: after }]
        expect(changes, log.slice(-8).join('\n')).toMatchObject(expected)
        expect(changes).toHaveLength(expected.length)
        if (kind !== 'cable' || before === after) continue
        await monitorSays(({ name: of, changes: by }) => of === name && JSON.stringify(by).includes(`"to":"${after}"`))
        const line = lines().findLast(
          ({ name: of, changes: by }) => of === name && JSON.stringify(by).includes('"State"'),
        )
        const happened = () => carrierChangedAt(kernel.said(), name, state[name].cable, began)
        const signal = () => (signalled.get(name) ?? []).find(({ at, state: to }) => at >= began && to === after)
        // Others than the monitor may hear of it later than that.
        await expect.poll(happened, { timeout: longPatienceMs, interval: 10 }).not.toBeNaN()
        await expect.poll(signal, { timeout: longPatienceMs, interval: 10 }).toBeDefined()
        delays.dbus.push((signal()?.at ?? Number.NaN) - happened())
        delays.monitor.push(Date.parse(String(line?.['time'])) - happened())
      }
    }
    const status = JSON.parse((await host.ifbalance(['status', '--json'])).stdout)
    expect(status.uplinks.map((one: Told) => one['state'])).toEqual(uplinks.map((name) => stateOf(state[name])))
    await stop()

    const { stdout } = await host.ifbalance(['history', '--json', '--events'])
    const history: readonly Told[] = JSON.parse(stdout).events
    const written = history.map(({ at: _, ...event }) => event)
    expect(written).toEqual(lives.flatMap((life) => [{ event: 'start' }, ...life.filter(isKept)]))
    for (const name of uplinks) {
      const chains = lives.map((life) => chainOf(life, name))
      expect(chains.flat()).not.toEqual([])
      await expect.poll(() => statesOf(lines(), name), { timeout: longPatienceMs }).toEqual(chains.flat())
    }
    for (const [where, all] of Object.entries(delays))
      for (const [which, value, limit] of [
        ['median', median(all), 200],
        ['worst', Math.max(...all), 200],
      ] as const)
        if (all.length > 0)
          record({
            ...{ name: `a cable is pulled or plugged in -> ${where} (${which} of ${all.length})`, value, limit },
            ...{ unit: 'ms', release: 'namespace', stack: 'kernel' },
          })
  },
  hangsMs + wanted * 20_000,
)

/** When the kernel told that a device has no carrier, or has one, in milliseconds since 1970: ip(8) stamps what it hears. */
function carrierChangedAt(lines: readonly string[], device: Name, isPulled: boolean, since: number): number {
  const word = isPulled ? 'NO-CARRIER' : 'LOWER_UP'
  const times = lines.flatMap((line) => {
    const [, at, name, flags = ''] = /^\[(\S+)\] \d+: (\S+?)@\S+ <(.*?)>/.exec(line) ?? []
    return name === device && flags.split(',').includes(word) ? [Date.parse(`${at}Z`)] : []
  })
  return times.find((at) => at >= since) ?? Number.NaN
}

/** Each state that was told in a daemon's life, and that each begins where the one before ended. */
function chainOf(life: readonly Told[], name: Name): readonly string[] {
  const own = life.filter(({ event, uplink, family }) => event === 'uplink' && uplink === name && family === undefined)
  const chain: string[] = []
  for (const [index, { from, to }] of own.entries()) {
    expect(from).not.toBe(to)
    if (index > 0 || from !== null) expect(from ?? 'online').toBe(chain.at(-1) ?? 'online')
    chain.push(String(to))
  }
  return chain
}

/** What the monitor has said of an uplink. What works when the daemon begins is none in the log. */
function statesOf(lines: readonly Told[], name: Name): readonly string[] {
  let now = 'online'
  const states: string[] = []
  for (const line of lines) {
    const { event, uplink, changes } = line as {
      readonly event: string
      readonly uplink?: { readonly Name: string; readonly State: string }
      readonly changes?: Readonly<Record<string, { readonly to: string }>>
    }
    const isBegin = event === 'uplink' && uplink?.Name === name
    if (isBegin) now = 'online'
    const next = isBegin
      ? uplink.State
      : event === 'changed' && line['name'] === name
        ? changes?.['State']?.to
        : undefined
    if (next === undefined || next === now) continue
    now = next
    states.push(next)
  }
  return states
}
