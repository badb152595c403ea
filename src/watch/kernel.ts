/** The kernel's own news of everything that we read: links, addresses, routes, rules, interfaces' sysctls, our table. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashPolicies, nftTable, paths, programs } from '../ids.ts'
import { watchMonitor } from './monitor.ts'

/** Nobody tells when a sysctl of the whole host changes; reading two small files costs some 50 microseconds. */
const lookAtSysctlsMs = 500

/** Calls `onChange` with what may have changed. Returns what stops it. */
export function watchKernel(onChange: (reason: string) => void): () => void {
  const stops = [
    watchMonitor(
      {
        program: programs.ip,
        // netconf(8): rp_filter and ignore_routes_with_linkdown of each interface.
        args: ['monitor', 'link', 'address', 'route', 'rule', 'netconf'],
        what: 'kernel',
        isRelevant: () => true,
      },
      onChange,
    ),
    watchMonitor(
      {
        program: programs.nft,
        args: ['monitor'],
        what: 'nft',
        isRelevant: (line) => line.includes(` ${nftTable.family} ${nftTable.name}`),
      },
      onChange,
    ),
    watchHashPolicies(onChange),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** What stays for so long in spite of our runs is wanted, as after a change of mode. */
const looksUntilWanted = 6

function watchHashPolicies(onChange: (reason: string) => void): () => void {
  // Not before the first look: the run of the start has set them by then.
  let wanted: string | null = null
  let strange = 0
  const timer = setInterval(() => {
    const now = readHashPolicies()
    wanted ??= now
    strange = now === wanted ? 0 : strange + 1
    if (strange > 0) onChange('sysctl')
    if (strange > looksUntilWanted) wanted = now
  }, lookAtSysctlsMs)
  return () => clearInterval(timer)
}

function readHashPolicies(): string {
  return hashPolicies
    .map((name) => {
      try {
        return readFileSync(join(paths.sysctl, name), 'utf8')
      } catch {
        return ''
      }
    })
    .join()
}
