/** Tells systemd that the daemon does its work (WatchdogSec= of systemd.service(5)). */
import { systemdNotify } from '../layout.ts'
import { log } from './log.ts'
import { run } from './run.ts'

export interface Watchdog {
  /** Notes that the daemon has looked at the world, whatever came of it. */
  readonly worked: () => void
  readonly stop: () => void
}

/**
 * Tells systemd four times in the interval that it gave us that all is well, but only while the latest round is younger
 * than half of the interval: a daemon whose rounds no longer end is as good as one that hangs. Rounds come every 30
 * seconds at least.
 *
 * systemd listens on a datagram socket, which Node.js does not have, so a child process tells it: 10 ms a minute.
 */
export function startWatchdog(env: Readonly<Record<string, string | undefined>> = process.env): Watchdog {
  const { WATCHDOG_USEC: interval, WATCHDOG_PID: pid, NOTIFY_SOCKET: socket } = env
  const intervalMs = Number(interval) / 1000
  const isWanted = socket !== undefined && intervalMs > 0 && (pid === undefined || Number(pid) === process.pid)
  if (!isWanted) return { worked: () => undefined, stop: () => undefined }
  let latest = performance.now()
  let troubles = 0

  async function tell(): Promise<void> {
    if (performance.now() - latest > intervalMs / 2) return
    try {
      await run(systemdNotify, ['WATCHDOG=1'], { env: { NOTIFY_SOCKET: socket ?? '' } })
    } catch (error) {
      troubles += 1
      if (troubles === 1) log.failure('telling', 'systemd that all is well', error)
    }
  }

  const timer = setInterval(() => void tell(), intervalMs / 4)
  return {
    worked: () => {
      latest = performance.now()
    },
    stop: () => clearInterval(timer),
  }
}
