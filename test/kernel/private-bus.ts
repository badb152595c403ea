/** A message bus of a test's own, and programs on it that are not ours. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import dbus from 'dbus-next'
import { type Bus, openBus } from '../../src/os/dbus/bus.ts'

export interface PrivateBus {
  /** Our own end. */
  readonly open: () => Bus
  /** Another program, by dbus-next's own front door. */
  readonly join: () => Promise<dbus.MessageBus>
  readonly end: () => Promise<void>
}

/** A real dbus-daemon on a socket in a folder of its own. */
export async function startPrivateBus(): Promise<PrivateBus> {
  const folder = mkdtempSync(join(tmpdir(), 'ifbalance-bus-'))
  const socketPath = join(folder, 'socket')
  const args = ['--session', '--nofork', '--nopidfile', '--print-address', `--address=unix:path=${socketPath}`]
  const daemon: ChildProcess = spawn('/usr/bin/dbus-daemon', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  if (daemon.stdout) await once(daemon.stdout, 'data')
  const cleanups: (() => void)[] = []
  return {
    open: () => {
      const bus = openBus({ socketPath })
      cleanups.push(bus.close)
      return bus
    },
    join: async () => {
      const other = dbus.sessionBus({ busAddress: `unix:socket=${socketPath}` })
      other.on('error', () => undefined)
      await once(other, 'connect')
      cleanups.push(() => other.disconnect())
      return other
    },
    end: async () => {
      for (const cleanup of cleanups) cleanup()
      daemon.kill('SIGKILL')
      await once(daemon, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}
