/** `ifbalance enable`, `disable` and `drain`: by the daemon if there is one, and for others than root if polkit lets them. */
import { askDaemon } from '../daemon/control/client.ts'
import type { Reply } from '../daemon/control/protocol.ts'
import { cannotSwitch, switchReply, uplinkCalled } from '../daemon/control/switching.ts'
import { busName } from '../layout.ts'
import { connectToBus, systemBus } from '../os/dbus/connection.ts'
import { log, messageOf } from '../os/log.ts'
import { reconcile, survey } from '../reconcile/reconcile.ts'
import { isPaused } from '../store/held-down.ts'
import { giveSwitchesToDaemon, type SwitchVerb, saveSwitch } from '../store/switches.ts'
import { busRefusal } from './bus-refusal.ts'
import { printOutcome } from './outcome.ts'
import { print, printableLines } from './output.ts'
import { isRoot } from './root.ts'
import { settings } from './settings.ts'
import { onlyWord } from './usage-error.ts'

const daemonTimeoutMs = 10_000
/** Long enough for someone to type a password. */
const passwordTimeoutMs = 150_000

/** Switches the uplink that is named. Resolves with the exit code: 2 where there is no such uplink. */
export async function switchUplink(verb: SwitchVerb, words: readonly string[]): Promise<number> {
  const uplink = onlyWord(words, 'the name of an uplink, or its interface,')
  if (uplink === null) return 2
  if (!isRoot()) return told(verb, await askOverBus(verb, uplink))
  giveFoldersToDaemon()
  const reply = await askDaemon({ do: verb, uplink }, daemonTimeoutMs)
  return reply ? told(verb, reply) : alone(verb, uplink)
}

function giveFoldersToDaemon(): void {
  try {
    giveSwitchesToDaemon()
  } catch (error) {
    log.warning(messageOf(error))
  }
}

function told(verb: SwitchVerb, { ok, message, misuse }: Reply): number {
  if (ok) print(printableLines(message))
  else log.error(`${verb}: ${message}`)
  return ok ? 0 : misuse ? 2 : 1
}

async function alone(verb: SwitchVerb, word: string): Promise<number> {
  const { config } = settings()
  const { desired } = await survey(config)
  const uplink = uplinkCalled(word, desired.uplinks)
  if (typeof uplink !== 'string') return told(verb, uplink)
  const before = desired.uplinks.find(({ name }) => name === uplink)
  const refusal = before ? cannotSwitch(verb, before) : null
  if (refusal) return told(verb, refusal)
  saveSwitch(verb, uplink)
  if (isPaused()) return told(verb, { ok: true, message: 'taken down; ifbalance apply starts again' })
  const outcome = await reconcile(config)
  const after = outcome.desired.uplinks.find(({ name }) => name === uplink)
  const code = await printOutcome(outcome)
  return told(verb, switchReply(verb, uplink, after, { ok: code === 0, message: 'no daemon is running' }))
}

/** Calls SetEnabled or SetDrained of org.ifbalance1(5). */
async function askOverBus(verb: SwitchVerb, uplink: string): Promise<Reply> {
  try {
    const bus = await connectToBus(systemBus, {})
    try {
      await bus.call({
        ...{ destination: busName, path: '/org/ifbalance1', interface: 'org.ifbalance1.Manager' },
        ...{ member: verb === 'drain' ? 'SetDrained' : 'SetEnabled' },
        ...{ signature: 'sb', body: [uplink, verb !== 'disable'], interactive: true, timeoutMs: passwordTimeoutMs },
      })
      return { ok: true, message: `${uplink} is ${verb === 'drain' ? 'drained' : `${verb}d`}` }
    } finally {
      bus.close()
    }
  } catch (error) {
    return refusalOf(error)
  }
}

function refusalOf(error: unknown): Reply {
  const { name, text } = busRefusal(error)
  if (name === 'org.ifbalance1.Error.UnknownUplink') return { ok: false, misuse: true, message: text }
  if (name === 'org.freedesktop.DBus.Error.ServiceUnknown')
    return { ok: false, message: 'no daemon is running, and without it only root can do this' }
  return { ok: false, message: text }
}
