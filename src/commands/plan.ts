/** `ifbalance plan`: what would be changed now, as the commands that do it. */

import { print, printableLines } from '../cli/output.ts'
import { settings } from '../cli/settings.ts'
import { log } from '../os/log.ts'
import { commandOf } from '../reconcile/apply/commands.ts'
import { survey } from '../reconcile/reconcile.ts'

export async function run(): Promise<number> {
  const { config, errors } = settings()
  const { desired, steps } = await survey(config)
  for (const { reason } of desired.warnings) log.warning(reason)
  for (const step of steps) print(printableLines(commandOf(step)))
  if (steps.length === 0) print('Nothing to change.')
  return errors.length === 0 ? 0 : 1
}
