/**
 * The routes that are listed where routing daemons have very many, which are hidden (route-listing.ts). The kernel walks all of
 * them for each question: a second of the processor for a million, and a failover must not wait for that. So what was read of others'
 * is kept until the kernel tells of a change (daemon/watch/kernel.ts), or for as long as said below. Those of protocol `kernel`
 * are read each time: ours are, which every round has to see.
 */
import { protocols } from '../../layout.ts'
import type { Family } from '../../net/family.ts'
import type { Json } from '../../values/checked.ts'
import { isListed, kernelRoutes, listedKernelRoutes, listedOtherRoutes, otherRoutes } from './route-listing.ts'

type Ask = (family: Family, commands: readonly string[]) => Promise<readonly (readonly Json[])[]>

/** How long a reading is kept, so that a change that nobody told of is found at last. */
const keptMs = 300_000

const kept = new Map<Family, { readonly routes: readonly Json[]; readonly until: number }>()
let changes = 0
let areNewsHeard = false

/** Has the next round read everything anew, and says that from now on this process hears what changes. */
export function hearRoutes(): void {
  areNewsHeard = true
  forgetRoutes()
}

/** Takes note of a text line of `ip -Numeric monitor`. */
export function noticeRoutes(line: string): void {
  if (concernsOthers(line)) forgetRoutes()
}

function forgetRoutes(): void {
  changes++
  kept.clear()
}

/**
 * Whether others' routes that are listed may be others now. The kernel takes routes away with a device or an address, and says
 * nothing of them: so all news of these count.
 */
export function concernsOthers(line: string): boolean {
  // The first line of a message says enough.
  if (/^\s/.test(line)) return false
  const text = line.replace(/^Deleted /, '')
  if (/^\d+:\s+(not )?from /.test(text)) return false
  const protocol = /^\d+: /.test(text) ? undefined : / proto (\d+)(?: |$)/.exec(text)?.[1]
  if (protocol === undefined) return true
  if (Number(protocol) === protocols.kernel) return false
  return isListed(Number(protocol)) || /(^| )default( |$)/.test(text)
}

/** The routes of a family, all tables'; `ask` asks ip(8), with a program each. Throws where that fails. */
export async function readListedRoutes(family: Family, ask: Ask): Promise<readonly Json[]> {
  const answers = [ask(family, [kernelRoutes]), readOthers(family, ask)] as const
  await Promise.allSettled(answers)
  const [[kernel = []], others] = await Promise.all(answers)
  return [...listedKernelRoutes(kernel), ...others]
}

async function readOthers(family: Family, ask: Ask): Promise<readonly Json[]> {
  const now = performance.now()
  const known = kept.get(family)
  if (known && now < known.until) return known.routes
  const before = changes
  const routes = listedOtherRoutes(family, await ask(family, otherRoutes(family)))
  if (areNewsHeard && before === changes) kept.set(family, { routes, until: now + keptMs })
  return routes
}
