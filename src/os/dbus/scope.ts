/** Transient scopes of the system's systemd (org.freedesktop.systemd1(5), StartTransientUnit). */
import { existsSync } from 'node:fs'
import { Failure } from '../error.ts'
import { type BusConnection, connectToBus, systemBus, theBus, type UnreadSignal } from './connection.ts'

const systemd = {
  destination: 'org.freedesktop.systemd1',
  path: '/org/freedesktop/systemd1',
  interface: 'org.freedesktop.systemd1.Manager',
} as const

const jobRule = `type='signal',sender='${systemd.destination}',interface='${systemd.interface}',member='JobRemoved'`

/** Long enough for someone to type a password. */
const passwordTimeoutMs = 150_000
const jobTimeoutMs = 10_000

/** Whether systemd runs this host, as sd_booted(3) tests it. */
export function isSystemdRunning(): boolean {
  return existsSync('/run/systemd/system')
}

/**
 * Puts this process into a new scope of a slice, which it leaves only by ending. The caller may be anyone: polkit
 * decides about it by systemd's own action. Throws where systemd refuses or cannot be reached. Which scope a process is
 * in can be read in /proc.
 */
export async function enterScope(unit: string, slice: string, description: string): Promise<void> {
  const job = watchJob(unit)
  const bus = await connectToBus(systemBus, { onSignal: job.onSignal, onEnd: job.onEnd })
  try {
    await bus.call({ ...theBus, member: 'AddMatch', signature: 's', body: [jobRule] })
    await start(bus, unit, [
      ['Description', ['s', description]],
      ['Slice', ['s', slice]],
      ['PIDs', ['au', [process.pid]]],
      // Without CollectMode, a command that failed would be shown as a failed unit for ever.
      ['CollectMode', ['s', 'inactive-or-failed']],
    ])
    const result = await job.ended()
    if (result !== 'done') throw new Failure('program-failed', `starting ${unit}: ${result}`)
  } finally {
    bus.close()
  }
}

async function start(bus: BusConnection, unit: string, properties: readonly unknown[]): Promise<void> {
  await bus.call({
    ...{ ...systemd, member: 'StartTransientUnit', signature: 'ssa(sv)a(sa(sv))' },
    ...{ body: [unit, 'fail', properties, []], interactive: true, timeoutMs: passwordTimeoutMs },
  })
}

/**
 * Waits for the end of the unit's job. Anyone could send us such a signal, so who relies on the end looks at the
 * result.
 */
function watchJob(unit: string) {
  const { promise, resolve } = Promise.withResolvers<string>()
  return {
    onSignal: (signal: UnreadSignal) => {
      if (signal.interface !== systemd.interface || signal.member !== 'JobRemoved') return
      const [, , name, result] = signal.body()
      if (name === unit) resolve(String(result))
    },
    onEnd: (cause: string) => resolve(cause),
    ended: async () => {
      const late = Promise.withResolvers<string>()
      const timer = setTimeout(() => late.resolve(`no end within ${jobTimeoutMs} ms`), jobTimeoutMs)
      return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
    },
  }
}
