/** The kernel's own news: links, addresses, routes and rules, IPv4 and IPv6, as ip-monitor(8) prints them. */
import { programs } from '../ids.ts'
import { createBackoff } from '../os/backoff.ts'
import { follow } from '../os/follow.ts'
import { log } from '../os/log.ts'

/** `ip` says nothing once it listens; it does so within a few milliseconds. */
const surelyListeningMs = 500

/**
 * Calls `onChange` for every line, whatever it says: a line is a hint, what is true is read. Our own changes come by
 * here as well; the run that follows them finds nothing to do, changes nothing, and so is the last.
 *
 * A monitor that ends is started again, and as changes may have been missed until it listens, that is a change, too.
 * Returns what stops it.
 */
export function watchKernel(onChange: (reason: string) => void): () => void {
  const backoff = createBackoff(250, 30_000)
  let listening: NodeJS.Timeout | undefined
  let stopMonitor: () => void = () => undefined

  function start(): void {
    stopMonitor = follow(programs.ip, ['monitor', 'link', 'address', 'route', 'rule'], {
      onLine: () => onChange('kernel'),
      onEnd: (cause) => {
        clearTimeout(listening)
        log.warning(`watching the kernel: ${cause}; starting again`)
        backoff.later(start)
      },
    })
    listening = setTimeout(() => {
      backoff.reset()
      onChange('watching the kernel')
    }, surelyListeningMs)
  }

  start()
  return () => {
    clearTimeout(listening)
    backoff.cancel()
    stopMonitor()
  }
}
