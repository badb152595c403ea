/**
 * `ifbalance hook KIND`: called by the scripts in hooks/, with the environment of whoever called those, where the daemon has
 * not taken what they say (hooks/tell, src/daemon/told-hook.ts).
 */
import { askDaemon } from '../daemon/control/client.ts'
import { Failure } from '../os/error.ts'
import { readAll } from '../os/handover.ts'
import { log, messageOf } from '../os/log.ts'
import { environmentOf, readEvent } from '../sources/event.ts'
import { keepEvent } from '../sources/keep.ts'
import { keepEarlier } from '../sources/registry.ts'
import { isPaused } from '../store/held-down.ts'

/**
 * How long a hook may take, as nobody waits longer for an interface to come up; hooks/tell may have waited as long for the
 * daemon. A round takes some 100 ms. More than the ten seconds that os/lock.ts waits, so that one of both is told, and it is the reason.
 */
const timeoutsMs = { daemon: 3000, alone: 12_000 } as const

/**
 * Keeps what the hook's environment says, then has the kernel brought in line: by the daemon, or, where none runs
 * (early boot, daemon masked), right here. The exit code is always 0, as no fault of ours may keep an interface down.
 * Each failure is logged.
 */
export async function run({ words: [kind = ''] }: { readonly words: readonly string[] }): Promise<number> {
  if (kind === 'ppp-lines') return lines()
  if (kind === 'programs') return programs()
  const event = readEvent(kind, environmentOf(kind, process.env))
  for (const complaint of event.complaints) log.warning(complaint)
  await attempt('keeping what the hook said', () => keepEvent(event))
  if (event.reconcile)
    await attempt('after the hook', () => reconcileSomehow(`${kind} ${event.interface ?? ''}`.trim()))
  return 0
}

/**
 * Keeps what is known of PPP links, when the package is installed. The daemon has not started, so there is nothing to
 * reconcile yet.
 */
async function lines(): Promise<number> {
  await attempt('looking for PPP lines', () => keepEarlier('installed'))
  return 0
}

/** Runs the administrator's programs for the change that the daemon hands over, as ifbalance-hooks@.service does. */
async function programs(): Promise<number> {
  const { runHandedOver } = await import('../daemon/lines/user-programs.ts')
  process.stdout.write(await runHandedOver(await readAll(process.stdin)))
  return 0
}

async function attempt(what: string, action: () => void | Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    log.error(`${what}: ${messageOf(error)}`)
  }
}

async function reconcileSomehow(reason: string): Promise<void> {
  const reply = await askDaemon({ do: 'reconcile', reason }, timeoutsMs.daemon)
  if (reply === null) return withTimeout(reconcileAlone(reason))
  if (!reply.ok) log.warning(`the daemon could not balance: ${reply.message}`)
}

/** Waits for the work, but not for ever: the next run puts right what is left undone, or half done. */
async function withTimeout(work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Failure('timeout', `not done within ${timeoutsMs.alone} ms`)),
    timeoutsMs.alone,
  )
  await Promise.race([work, promise]).finally(() => clearTimeout(timer))
}

/**
 * Reconciles without a daemon. Its code is loaded only here: with a daemon none of it is needed, and the hook is twice
 * as fast.
 */
async function reconcileAlone(reason: string): Promise<void> {
  if (isPaused()) return
  const { createReconcileLoop } = await import('../daemon/reconcile-loop.ts')
  const rounds = createReconcileLoop({ details: false })
  rounds.load()
  await rounds.run([{ kind: 'hook', reason }])
  await rounds.forgotten()
}
