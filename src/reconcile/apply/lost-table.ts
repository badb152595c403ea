/**
 * Puts our nft table back when others flush it with all of theirs. Until it is there again, connections go where the
 * kernel's hash sends them, and the kernel ends those that others masquerade (nf_nat_oif_changed() of
 * net/netfilter/nf_nat_core.c). So the last table is put back before anything is read, which takes longer; what should
 * be different by now follows in the same round.
 */
import { restoreRuleset } from '../../kernel/nft/table.ts'
import { nftTable, programs } from '../../layout.ts'
import type { Ruleset } from '../../model/kernel.ts'
import type { Step } from '../../model/step.ts'
import { log } from '../../os/log.ts'
import { run } from '../../os/run.ts'

type LoadRuleset = Extract<Step, { kind: 'load-ruleset' }>

/** How many elements of sets a table may have to be put back: more take long to load, and are out of date. */
const maxElements = 10_000

let last: Ruleset | null = null
let isLost = false

/** Keeps what the kernel has after a round; null where it has no table, or not what it should have. */
export function keepTable(ruleset: Ruleset | null): void {
  const count = (ruleset?.sets ?? []).reduce((sum, { elements = [] }) => sum + elements.length, 0)
  last = count > maxElements ? null : ruleset
}

/** Takes note of a text line of `nft monitor`. True where it tells that our table is gone. */
export function noticeTable(line: string): boolean {
  const [, verb] = lines.exec(line) ?? []
  if (verb !== undefined) isLost = verb !== 'add' && last !== null
  return verb !== undefined && isLost
}

const lines = new RegExp(`^(add|delete|destroy) table ${nftTable.family} ${nftTable.name}\\b`)

/**
 * Puts the table back, and returns the step that this was. Null where there is a table, and where it cannot be put back:
 * then the round makes it. Needs no lock, as nft refuses to create a table that exists. Never throws.
 */
export async function restoreTable(): Promise<LoadRuleset | null> {
  if (!isLost || last === null) return null
  isLost = false
  try {
    const { exitCode } = await run(programs.nft, ['-f', '-'], { input: restoreRuleset(last), accept: [0, 1] })
    return exitCode === 0 ? { kind: 'load-ruleset', ruleset: last, former: null } : null
  } catch (error) {
    log.failure('putting', 'the nft table back', error)
    return null
  }
}
