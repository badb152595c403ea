/**
 * Each case's world made for real: the kernel shows it as recorded, the plan is accepted and leaves nothing to do, and
 * `down` leaves nothing behind. `RECORD=1` writes observed.json and plan.txt anew, to be read before they are committed.
 */
import { expect, test } from 'vitest'
import type { Observed } from '../../src/model/observed.ts'
import { commandOf } from '../../src/reconcile/apply/commands.ts'
import { decide } from '../../src/reconcile/decide/decide.ts'
import { diff } from '../../src/reconcile/diff.ts'
import { allCases } from '../cases.ts'
import { inNamespace } from './namespace.ts'
import type { Played } from './play-case.ts'

test.each(allCases())('$name', async ({ path, config, read, write }) => {
  const { stdout } = await inNamespace(new URL('play-case.ts', import.meta.url), [path])
  const played: Played = JSON.parse(stdout)
  if (process.env['RECORD']) {
    const observed = played.observed as Observed
    const desired = decide(config, observed)
    const plan = diff(observed, desired, config.numbers).map(commandOf)
    write('observed.json', `${JSON.stringify(observed, null, 1)}\n`)
    write('plan.txt', `${[...desired.warnings.map((warning) => `# warning: ${warning}`), ...plan].join('\n')}\n`)
  }
  expect(played.observed).toEqual(JSON.parse(read('observed.json')))
  expect(played).toMatchObject({ errors: [], remaining: [], again: [], leftOver: [] })
})
