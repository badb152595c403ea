/**
 * `ifbalance notify`: tells of outages, as ifbalance-notify.service does. `ifbalance notify send`: sends one message that
 * it hands over, as ifbalance-notify-send@.service does.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { settings } from '../cli/settings.ts'
import { complain } from '../cli/usage-error.ts'
import type { NotifyConfig } from '../model/config.ts'
import { isWanted } from '../model/notify.ts'
import { send, sendHandedOver } from '../notify/handover.ts'
import { createTeller } from '../notify/teller.ts'
import { watchUplinks } from '../notify/watch.ts'
import { openBus } from '../os/dbus/bus.ts'
import { readAll } from '../os/handover.ts'
import { log } from '../os/log.ts'
import { loadNotifyState, saveNotifyState } from '../store/notify.ts'
import { loadWanted } from '../store/notify-wanted.ts'

const wantedMs = 2000
/** What is not signalled, such as quotas, is looked at so often. */
const lookMs = 60_000
const nobody: NotifyConfig = { afterSeconds: 30 }

export async function run({ words }: { readonly words: readonly string[] }): Promise<number> {
  const [word, ...more] = words
  if (more.length > 0 || (word !== undefined && word !== 'send')) return complain('expected send, or nothing')
  return word === 'send' ? sendOne() : tell()
}

async function sendOne(): Promise<number> {
  const to = settings().config.notify ?? nobody
  process.stdout.write(await sendHandedOver(await readAll(process.stdin), to, hostname()))
  return 0
}

/** Resolves on SIGTERM and SIGINT, and when the daemon says that another configuration counts: systemd starts it anew. */
async function tell(): Promise<number> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end())
  const wanted = loadWanted()
  const to = settings().config.notify ?? nobody
  if (!isWanted(to))
    log.warning('nobody is to be told: [notify] of the configuration names neither mail nor command nor webhook')
  const host = hostname()
  const bus = openBus({ onTrouble: log.warning })
  const teller = createTeller(to, loadNotifyState(), host, {
    now: Date.now,
    newId: randomUUID,
    save: saveNotifyState,
    send: (channel, message) => send(channel, message, to, host),
  })
  const watch = watchUplinks(bus, teller.see)
  const timers = [setInterval(watch.look, lookMs), setInterval(() => loadWanted() !== wanted && end(), wantedMs)]
  await ended
  for (const timer of timers) clearInterval(timer)
  watch.stop()
  teller.stop()
  bus.close()
  return 0
}
