/**
 * Which routes are listed. All of them, on most hosts. Where others keep a full table, reading it would be most of what a
 * round costs, so only those are asked for that tell where lines are: default routes, and what the kernel,
 * network services and administrators add. Routing daemons' other routes are then hidden.
 */
import { readFileSync } from 'node:fs'
import { protocols } from '../../layout.ts'
import type { Family } from '../../net/family.ts'
import type { Json } from '../../values/checked.ts'

/** With more routes than this in a family, those of routing daemons are not listed. */
export const mostListed = 10_000

/** RTPROT_ numbers of linux/rtnetlink.h that are no routing daemon's. */
const listedProtocols: readonly number[] = [
  protocols.redirect,
  protocols.kernel,
  protocols.boot,
  protocols.static,
  protocols.advertised,
  protocols.dhcp,
  protocols.formerRoute,
]

/** Whether a route of this protocol is listed in any case. The kernel's default for what names none is `boot`. */
export function isListed(protocol: number): boolean {
  return listedProtocols.includes(protocol)
}

/** What ip(8) is to be asked for the routes of all tables. */
export const allRoutes = 'route show table all'

/** The kernel makes them in IPv6 alone ("not used by current IPv4", linux/rtnetlink.h). */
const ofSix: readonly number[] = [protocols.redirect, protocols.advertised]

/** Those of protocol `kernel` alone, as ours are; see hidden-routes.ts. */
export const kernelRoutes = `${allRoutes} proto ${protocols.kernel}`

function othersOf(family: Family): readonly number[] {
  const none = family === 'inet' ? [protocols.kernel, ...ofSix] : [protocols.kernel]
  return listedProtocols.filter((number) => !none.includes(number))
}

/**
 * What it is to be asked for all others that are listed where most are hidden. Each of these has the kernel walk all routes:
 * 0.1 s of the processor for a million, and 0.5 s for the first, which it can only tell in full.
 */
export function otherRoutes(family: Family): readonly string[] {
  return [`${allRoutes} exact default`, ...othersOf(family).map((number) => `${allRoutes} proto ${number}`)]
}

/** The routes of the answer to `kernelRoutes`. ip(8) leaves out what it was asked for. */
export function listedKernelRoutes(routes: readonly Json[]): readonly Json[] {
  return routes.map((route) => ({ protocol: String(protocols.kernel), ...route }))
}

/** The routes of the answers to `otherRoutes`, in which default routes come twice. */
export function listedOtherRoutes(family: Family, answers: readonly (readonly Json[])[]): readonly Json[] {
  const [defaults = [], ...filtered] = answers
  const others = filtered.flatMap((routes, index) =>
    routes.map((route): Json => ({ protocol: String(othersOf(family)[index]), ...route })),
  )
  return [
    ...defaults.filter(({ protocol }) => protocol !== String(protocols.kernel)),
    ...others.filter(({ dst }) => dst !== 'default'),
  ]
}

/**
 * How many routes the kernel has, in all tables: Linux counts them for /proc without listing them. Null where it does
 * not say (CONFIG_IP_FIB_TRIE_STATS, which Debian's kernels have).
 */
export function countRoutes(family: Family): number | null {
  try {
    return family === 'inet'
      ? sum(readFileSync('/proc/net/fib_triestat', 'utf8').matchAll(/^\s*Prefixes:\s+(\d+)$/gm))
      : Number.parseInt(readFileSync('/proc/net/rt6_stats', 'utf8').split(' ')[3] ?? '', 16)
  } catch {
    return null
  }
}

function sum(matches: Iterable<RegExpMatchArray>): number {
  return [...matches].reduce((all, [, count]) => all + Number(count), 0)
}
