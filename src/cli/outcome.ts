/** Prints what apply and down have done. */

import { log } from '../os/log.ts'
import { commandOf } from '../reconcile/apply/commands.ts'
import type { Outcome } from '../reconcile/reconcile.ts'
import { print, printableLines } from './output.ts'

/**
 * Prints the outcome, and waits for its last work. Resolves with the exit code: 1 where the kernel is not as wanted.
 */
export async function printOutcome({
  applied,
  remaining,
  refused,
  errors,
  desired,
  forgotten,
}: Outcome): Promise<0 | 1> {
  for (const { reason } of desired.warnings) log.warning(reason)
  for (const error of errors) log.warning(error)
  for (const step of applied) print(printableLines(commandOf(step)))
  await forgotten
  if (remaining.length + refused.length > 0) {
    for (const step of remaining) log.error(`without effect: ${commandOf(step)}`)
    for (const { step, why } of refused) log.error(`refused: ${commandOf(step).split('\n')[0]}: ${why}`)
    return 1
  }
  if (applied.length === 0) print('Nothing had to be changed.')
  return 0
}
