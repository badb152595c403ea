/** `ifbalance daemon`: keeps the host balanced. Started by ifbalance.service. */

import type { Reply, Request } from '../control/protocol.ts'
import { createRounds, hold, type Rounds, release } from '../control/rounds.ts'
import { listenForRequests } from '../control/server.ts'
import { keepEarlierStanzas } from '../hook/earlier-stanzas.ts'
import { busName } from '../ids.ts'
import { openBus } from '../os/bus.ts'
import { log } from '../os/log.ts'
import { watchKernel } from '../watch/kernel.ts'
import { watchNetworkd } from '../watch/networkd.ts'
import { createScheduler, type Scheduler } from '../watch/scheduler.ts'
import { watchSysctls } from '../watch/sysctls.ts'

/**
 * Runs until SIGTERM or SIGINT and leaves the kernel as it is then: a restart must not cut a connection. SIGHUP reads
 * the configuration again. With a broken configuration the kernel is left alone until there is a good one.
 *
 * Throws when another daemon is running.
 */
export async function run(_args: readonly string[]): Promise<number> {
  const stopped = nextSignal('SIGTERM', 'SIGINT')
  const rounds = createRounds({ details: true })
  const scheduler = createScheduler(rounds.run)
  process.on('SIGHUP', () => {
    if (rounds.load()) scheduler.hint('configuration read')
  })
  const control = await listenForRequests((request) => answer(request, rounds, scheduler))
  // A start is a wish to balance, whatever was wished before.
  release()
  rounds.load()
  await keepEarlierStanzas()

  const stopKernel = watchKernel(scheduler.hint)
  const stopSysctls = watchSysctls(rounds.sysctls, scheduler.hint)
  const bus = openBus({ onTrouble: log.warning })
  const stopNetworkd = watchNetworkd(bus, scheduler.hint)

  // systemd takes us for started when we own the name (Type=dbus): the uplinks are balanced by then.
  await scheduler.now('start')
  bus.own(busName)

  await stopped
  stopNetworkd()
  stopSysctls()
  stopKernel()
  await scheduler.stop()
  control.close()
  bus.close()
  return 0
}

const fightMessage =
  'something keeps undoing what ifbalance does: it is put back every few seconds only; the log says what is missing'

async function answer(request: Request, rounds: Rounds, { now, isFighting }: Scheduler<Reply>): Promise<Reply> {
  switch (request.do) {
    case 'status':
      return { ok: true, message: isFighting() ? fightMessage : 'running' }
    case 'down':
      hold()
      return now('down')
    case 'apply':
      release()
      if (!rounds.load()) return { ok: false, message: 'the configuration has errors: see ifbalance check' }
      return now(request.reason ?? 'apply')
    case 'reconcile':
      return now(request.reason ?? 'a request')
  }
}

function nextSignal(...signals: readonly NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve())
  })
}
