/** `ifbalance daemon`: keeps the host balanced. Started by ifbalance.service. */

import { hold, release } from '../control/holding.ts'
import type { Reply, Request } from '../control/protocol.ts'
import { createRounds, type Rounds } from '../control/rounds.ts'
import { listenForRequests } from '../control/server.ts'
import { watchHealth } from '../health/watch.ts'
import { keepEarlierLeases } from '../hook/earlier-leases.ts'
import { keepEarlierStanzas } from '../hook/earlier-stanzas.ts'
import { busName } from '../ids.ts'
import { readRivals } from '../observe/rivals.ts'
import { openBus } from '../os/bus.ts'
import { log } from '../os/log.ts'
import { keepNotes } from '../os/notes.ts'
import { startWatchdog } from '../os/watchdog.ts'
import { type Published, publish } from '../service/publish.ts'
import { watchCgroups } from '../watch/cgroups.ts'
import { watchKernel } from '../watch/kernel.ts'
import { createPulse } from '../watch/pulse.ts'
import { createScheduler, type Scheduler } from '../watch/scheduler.ts'
import { followServices } from '../watch/services.ts'
import { watchSysctls } from '../watch/sysctls.ts'

/**
 * Runs until SIGTERM or SIGINT and leaves the kernel as it is then: a restart must not cut a connection. SIGHUP reads
 * the configuration again.
 *
 * Throws when another daemon is running.
 */
export async function run(_args: readonly string[]): Promise<number> {
  const stopped = nextSignal('SIGTERM', 'SIGINT')
  keepNotes()
  for (const line of readRivals()) log.warning(line)
  const watchdog = startWatchdog()
  const bus = openBus({ onTrouble: log.warning })
  const published = publish(
    bus,
    (reason) => scheduler.now(reason),
    () => rounds.slices(),
  )
  const pulse = createPulse()
  const health = watchHealth(pulse, (verdict) => scheduler.now(verdict))
  const rounds = createRounds({ details: true, onStatus: published.show, onDesired: health.update })
  const scheduler = createScheduler((reasons) => rounds.run(reasons).finally(watchdog.worked))
  process.on('SIGHUP', () => {
    if (rounds.load().length === 0) scheduler.hint('configuration read')
  })
  const control = await listenForRequests((request) => answer(request, rounds, scheduler, published))
  // A start is a wish to balance, whatever was wished before.
  release()
  rounds.load()
  await keepEarlierStanzas()
  keepEarlierLeases()

  const services = followServices(bus, scheduler.hint)
  const stopKernel = watchKernel((reason) => {
    services.kernelChanged()
    scheduler.hint(reason)
  })
  watchCgroups(pulse, rounds.rules, rounds.cgroups, scheduler.hint)
  const stopSysctls = watchSysctls(pulse, rounds.sysctls, scheduler.hint)

  // systemd takes us for started when we own the name (Type=dbus): the uplinks are balanced by then.
  await scheduler.now('start')
  bus.own(busName)

  await stopped
  pulse.stop()
  health.stop()
  services.stop()
  stopSysctls()
  stopKernel()
  await scheduler.stop()
  control.close()
  bus.close()
  watchdog.stop()
  return 0
}

const fightMessage =
  'something keeps undoing what ifbalance does: it is put back every few seconds only; the log says what is missing'

async function answer(
  request: Request,
  rounds: Rounds,
  { now, isFighting }: Scheduler<Reply>,
  { setEnabled, followSlice }: Published,
): Promise<Reply> {
  switch (request.do) {
    case 'status':
      return { ok: true, message: isFighting() ? fightMessage : 'running' }
    case 'down':
      hold()
      return now('down')
    case 'apply':
      release()
      rounds.load()
      return now(request.reason ?? 'apply')
    case 'reload': {
      const errors = rounds.load()
      const { message } = await now('configuration read')
      return errors.length === 0 ? { ok: true, message } : { ok: false, message: errors.join('\n') }
    }
    case 'enable':
      return setEnabled(request.uplink ?? '', true)
    case 'disable':
      return setEnabled(request.uplink ?? '', false)
    case 'follow':
      return followSlice(request.uplink ?? '')
    case 'reconcile':
      return now(request.reason ?? 'a request')
  }
}

function nextSignal(...signals: readonly NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve())
  })
}
