/** Does the steps `forget-untranslated` and `forget-stranded`: reads the connection table once, and deletes from it what is dead for good. */
import { closeSync } from 'node:fs'
import { paths, programs } from '../../layout.ts'
import type { Step } from '../../model/step.ts'
import { digitsOf, isInRanges, rangesIn } from '../../net/address-range.ts'
import type { Family } from '../../net/family.ts'
import { unnamedFile } from '../../os/files.ts'
import { run } from '../../os/run.ts'
import { deleteLine, eachEntry, type Translated, translatedOf, type Unanswered, unansweredOf } from './entry.ts'

type ForgetUntranslated = Extract<Step, { kind: 'forget-untranslated' }>
type ForgetStranded = Extract<Step, { kind: 'forget-stranded' }>

/** How many entries are deleted at most, more than a table of usual size has. The rest ends by its own timeouts. */
const most = 50_000

/** Deletes the entries of both families. Throws where conntrack(8) fails. */
export async function forgetUntranslated(step: ForgetUntranslated): Promise<void> {
  for (const family of ['inet', 'inet6'] as const) {
    const found: Unanswered[] = []
    await eachEntry(family, ['--output', 'extended'], (line) => {
      const entry = found.length < most ? unansweredOf(line) : null
      if (entry) found.push(entry)
    })
    const dead = deadOf(found, family, step)
    const commands = dead.map((entry) => deleteLine(family, entry)).join('')
    if (dead.length > 0) await deleteAll(commands)
  }
}

/** Deletes what left by an uplink with an address that is not here, or is another's, of both families. Throws where conntrack(8) fails. */
export async function forgetStranded(step: ForgetStranded): Promise<void> {
  for (const family of ['inet', 'inet6'] as const) {
    const isDead = strandedIn(family, step)
    const found: string[] = []
    await eachEntry(family, ['--output', 'extended'], (line) => {
      const entry = found.length < most ? translatedOf(line) : null
      if (entry && isDead(entry)) found.push(deleteLine(family, entry))
    })
    if (found.length > 0) await deleteAll(found.join(''))
  }
}

/** Whether an entry of this family left by an uplink and cannot live here. */
export function strandedIn(
  family: Family,
  { addresses, mask, left, owners, numberMask }: ForgetStranded,
): (entry: Pick<Translated, 'mark' | 'to'>) => boolean {
  const here = rangesIn(family, addresses)
  const byDigits = new Map(Object.entries(owners).map(([address, number]) => [digitsOf(address), number]))
  return ({ mark, to }) => {
    if ((mark & mask) >>> 0 !== left) return false
    const digits = digitsOf(to)
    const number = (mark & numberMask) >>> 0
    return !isInRanges(here, digits) || (byDigits.get(digits) ?? number) !== number
  }
}

/**
 * Runs commands of conntrack(8) from a file: it opens what it is to read, which fails for a pipe of Node.js, as that is a
 * socket. Its `-` is /dev/stdin, which is not there where nobody has made it, as in some containers.
 */
export async function deleteAll(commands: string): Promise<void> {
  const descriptor = unnamedFile(paths.run, commands)
  try {
    // Exit code 1: an entry had gone by itself.
    await run(programs.conntrack, ['--load-file', '/proc/self/fd/0'], { descriptor, accept: [0, 1], timeoutMs: 60_000 })
  } finally {
    closeSync(descriptor)
  }
}

/** The entries of one family that leave by an uplink with an address that is no uplink's. */
export function deadOf(found: readonly Unanswered[], family: Family, step: ForgetUntranslated): readonly Unanswered[] {
  if (found.length === 0) return []
  const own = new Set(step.sources.map(digitsOf))
  const elsewhere = rangesIn(family, step.elsewhere)
  return found.filter(
    ({ source, destination, mark }) =>
      (mark & step.cameIn) === 0 && !own.has(digitsOf(source)) && !isInRanges(elsewhere, digitsOf(destination)),
  )
}
