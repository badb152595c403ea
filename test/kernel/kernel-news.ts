/** When the kernel said what, by its own news. */
import { expect } from 'vitest'
import type { Host, Running } from './daemon-host.ts'

/** Listens to the kernel's news of links and routes of a host. With `-oneline`, a route and all of its nexthops are one line. */
export async function kernelNews(host: Host, option: '-oneline' | '' = ''): Promise<Running> {
  const monitor = host.start(['/bin/sh', '-c', `exec ip ${option} -ts monitor link route >&2`])
  // It does not say when it listens.
  await expect
    .poll(async () => {
      await host.run(['ip', 'link', 'set', 'lo', 'alias', `after ${monitor.said().length}`])
      return monitor.said().length
    })
    .toBeGreaterThan(0)
  return monitor
}

/** Seconds from the first news like the one to the first like the other behind it. */
export function secondsBetween(monitor: Running, one: RegExp, other: RegExp): number {
  const lines = monitor.said()
  const first = lines.findIndex((line) => one.test(line))
  const second = lines.findIndex((line, index) => index > first && other.test(line))
  const at = (index: number) => Date.parse(lines[index]?.slice(1, 27) ?? '')
  return first < 0 ? Number.NaN : (at(second) - at(first)) / 1000
}
