/** `ifbalance daemon`: keeps the host balanced. Started by ifbalance.service. */

import { type Published, publish } from '../daemon/api/publish.ts'
import { createAwaiting } from '../daemon/awaiting.ts'
import type { Reply, Request } from '../daemon/control/protocol.ts'
import { listenForRequests } from '../daemon/control/server.ts'
import { createForgetting } from '../daemon/forgetting.ts'
import { type History, keepHistory } from '../daemon/history.ts'
import { createKnownGateways } from '../daemon/known-gateways.ts'
import { createUserHooks } from '../daemon/lines/user-hooks.ts'
import { type HealthWatch, watchHealth } from '../daemon/lines/watch.ts'
import { keepNumbers } from '../daemon/numbers.ts'
import { createReconcileLoop, type ReconcileLoop } from '../daemon/reconcile-loop.ts'
import { createScheduler, type Scheduler } from '../daemon/scheduler.ts'
import { createSealing } from '../daemon/sealing.ts'
import { keepStateTimes } from '../daemon/state-times.ts'
import { createTicker } from '../daemon/ticker.ts'
import { answerHook } from '../daemon/told-hook.ts'
import { createUsableCount } from '../daemon/usable.ts'
import { watchCgroups } from '../daemon/watch/cgroups.ts'
import { watchIpsec } from '../daemon/watch/ipsec.ts'
import { watchKernel } from '../daemon/watch/kernel.ts'
import { watchSysctls } from '../daemon/watch/sysctls.ts'
import { busName } from '../layout.ts'
import type { Cause } from '../model/cause.ts'
import { openBus } from '../os/dbus/bus.ts'
import { openJournal } from '../os/journal.ts'
import { isJournal, log, sendLogTo } from '../os/log.ts'
import { startWatchdog } from '../os/watchdog.ts'
import { readRivals } from '../reconcile/observe/conflicting-packages.ts'
import { keepEarlier } from '../sources/registry.ts'
import { followServices } from '../sources/services.ts'
import { trustMemory } from '../store/file.ts'
import { pause, resume } from '../store/held-down.ts'
import { saveWanted } from '../store/notify-wanted.ts'

/**
 * Runs until SIGTERM or SIGINT, and then leaves the kernel as it is: a restart must not cut a connection. SIGHUP reads
 * the configuration again.
 *
 * Throws when another daemon is running.
 */
export async function run(): Promise<number> {
  const stopped = nextSignal('SIGTERM', 'SIGINT')
  logToJournal()
  trustMemory()
  for (const rival of readRivals()) log.event({ event: 'trouble', ...rival })
  const watchdog = startWatchdog()
  const bus = openBus({ onTrouble: (reason) => log.event({ event: 'bus', reason }) })
  const pulse = createTicker()
  const history = keepHistory(pulse)
  const published = publish(
    bus,
    (cause) => scheduler.now(cause),
    () => rounds.slices(),
    history,
  )
  const times = keepStateTimes(pulse)
  const userHooks = createUserHooks()
  const health = watchHealth(pulse, (...causes) => scheduler.now(...causes), history.hear, userHooks)
  const forgetLongGone = createForgetting()
  const usable = createUsableCount({
    onReady: () => scheduler.hint({ kind: 'start', reason: 'the peer may hand over' }),
  })
  const gateways = createKnownGateways()
  const awaiting = createAwaiting(() => scheduler.hint({ kind: 'start', reason: "the peer's connections are here" }))
  const sealing = createSealing()
  const rounds = createReconcileLoop({
    details: true,
    onStatus: (status) => published.show(times.added(status)),
    onWish: ({ uplinks }, config) => {
      health.before(uplinks)
      usable.before(uplinks, config)
    },
    onDesired: (desired, config, observed) => {
      health.update(desired, config, observed)
      history.update(desired)
      forgetLongGone(observed.links)
      keepNumbers(desired, observed)
      usable.after(desired.uplinks, config)
      gateways.update(desired.uplinks)
      awaiting.update(desired, config, observed)
      sealing.update(desired, config, observed)
      saveWanted(config.notify)
    },
    onEvent: (event) => {
      history.tell([event])
      if (event.event === 'role') userHooks.tellRole(event)
    },
  })
  const scheduler = createScheduler((causes) => rounds.run(causes).finally(watchdog.worked))
  process.on('SIGHUP', () => {
    if (rounds.load().length === 0) scheduler.hint(configurationRead)
  })
  const control = await listenForRequests((request) =>
    answer(request, rounds, scheduler, published, { health, history }),
  )
  // A start is a wish to balance, whatever was wished before.
  resume()
  rounds.load()
  await keepEarlier('started')

  const services = followServices(bus, (source) => scheduler.hint({ kind: 'service', reason: source }))
  const stopKernel = watchKernel(
    rounds.scene,
    (cause, when) => {
      services.kernelChanged()
      scheduler.hint(cause, when)
    },
    (cause) => void (scheduler.isFighting() ? scheduler.hint(cause) : scheduler.now(cause).catch(() => undefined)),
  )
  watchCgroups(pulse, rounds.rules, rounds.cgroups, () =>
    scheduler.hint({ kind: 'control-group', reason: 'control group' }),
  )
  const stopIpsec = watchIpsec(pulse, sealing.changed)
  const stopSysctls = watchSysctls(pulse, rounds.sysctls, () => scheduler.hint({ kind: 'sysctl', reason: 'sysctl' }))

  // systemd takes us for started when we own the name (Type=dbus), which is when the uplinks are balanced.
  await scheduler.now({ kind: 'start', reason: 'start' })
  bus.own(busName)

  await stopped
  pulse.stop()
  health.stop()
  services.stop()
  stopSysctls()
  stopIpsec()
  sealing.stop()
  usable.stop()
  awaiting.stop()
  stopKernel()
  await scheduler.stop()
  // The last round may have told something.
  await history.stop()
  control.close()
  bus.close()
  watchdog.stop()
  return 0
}

const configurationRead: Cause = { kind: 'configuration', reason: 'configuration read' }

const fightMessage =
  'something keeps undoing what ifbalance does: it is put back every few seconds only; the log says what is missing'

async function answer(
  request: Request,
  rounds: ReconcileLoop,
  { now, isFighting }: Scheduler<Reply>,
  { switchUplink, followSlice }: Published,
  { health, history }: { readonly health: HealthWatch; readonly history: History },
): Promise<Reply> {
  switch (request.do) {
    case 'status':
      return isFighting() ? { ok: true, message: fightMessage, trouble: true } : { ok: true, message: 'running' }
    case 'down':
      pause()
      return now({ kind: 'command', reason: 'down' })
    case 'apply':
      resume()
      rounds.load()
      return now({ kind: 'command', reason: 'apply' })
    case 'reload': {
      const errors = rounds.load()
      const { message } = await now(configurationRead)
      return errors.length === 0 ? { ok: true, message } : { ok: false, message: errors.join('\n') }
    }
    case 'enable':
    case 'disable':
    case 'drain':
      return switchUplink(request.do, request.uplink ?? '')
    case 'measured':
      return health.measured(request.uplink ?? '', request.bytesPerSecond ?? 0)
    case 'follow':
      return followSlice(request.uplink ?? '')
    case 'history':
      return history.write()
    case 'hook':
      return answerHook(request, now)
    case 'reconcile':
      return now({ kind: 'hook', reason: request.reason ?? 'a request' })
  }
}

/**
 * Sends the log to the journal with the fields of events. Until that is ready, and where it is impossible, the log goes
 * to standard error.
 */
function logToJournal(): void {
  if (!isJournal() || process.env['IFBALANCE_LOG'] === 'json') return
  const journal = openJournal()
  sendLogTo(journal.write)
  process.on('exit', journal.flush)
}

function nextSignal(...signals: readonly NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve())
  })
}
