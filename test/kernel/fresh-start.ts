/** What the pipeline makes of this namespace after whatever happened, against what it makes from nothing. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Config } from '../../src/model/config.ts'
import { commandOf } from '../../src/reconcile/apply/commands.ts'
import { reconcile, takeDown } from '../../src/reconcile/reconcile.ts'
import { stateFile } from '../../src/store/state.ts'
import { difference, kernelState } from './kernel-state.ts'
import { linksSettled } from './world.ts'

/** Reconciles. Throws unless all is done then. */
export async function settles(config: Config): Promise<void> {
  const { remaining, refused, errors } = await reconcile(config)
  const undone = [...remaining, ...refused.map(({ step }) => step)].map(commandOf)
  if (undone.length > 0) throw new Error(`not done: ${[...errors, ...undone].join('; ')}`)
}

/**
 * Reconciles. Throws unless that is the same, line by line, as taking everything away and starting again with the same
 * numbers.
 */
export async function endsAsFresh(config: Config): Promise<void> {
  await linksSettled()
  await settles(config)
  const evolved = await kernelState()
  const state = readFileSync(stateFile.path, 'utf8')
  await takeDown(config)
  writeFileSync(stateFile.path, state)
  await reconcile(config)
  const lines = difference(await kernelState(), evolved)
  if (lines.length > 0) throw new Error(`not as from nothing:\n${lines.join('\n')}`)
}
