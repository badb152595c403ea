/** On what something was measured, for docs/benchmarks.md. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

export function machineFacts(): string {
  const [kernel = ''] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim().split('-', 1)
  return `${availableParallelism()} virtual cores, Linux ${kernel}`
}
