/** How slow this machine is at what tests do most. */
import { spawnSync } from 'node:child_process'

/** What a start takes on two virtual cores whose page faults cost no more than a microsecond; some machines' cost 15. */
const usualStartMs = 2

/**
 * How many times longer than usual it takes to start a program that does nothing, at least 1: the least of many starts,
 * which others disturb least.
 */
export function slowness(): number {
  const starts = Array.from({ length: 20 }, () => {
    const began = performance.now()
    spawnSync('/usr/bin/true')
    return performance.now() - began
  })
  return Math.max(1, Math.min(...starts) / usualStartMs)
}
