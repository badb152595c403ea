/** `ifbalance history`: what the daemon has written down of the lines. */
import { eventsText, historyText, monthsText } from '../cli/history-text.ts'
import { knownName } from '../cli/known-name.ts'
import { monthsOf } from '../cli/months.ts'
import { paint, print } from '../cli/output.ts'
import { readTime, timeWords } from '../cli/points-in-time.ts'
import { refusedToOthers } from '../cli/root.ts'
import { complain } from '../cli/usage-error.ts'
import { askDaemon } from '../daemon/control/client.ts'
import { paths } from '../layout.ts'
import { keptDays } from '../model/history.ts'
import { becomeOwnerOf } from '../os/as-owner.ts'
import { hasCode } from '../os/error.ts'
import { log, messageOf } from '../os/log.ts'
import { outagesOf, outagesWithin, reportOf } from '../status/history/report.ts'
import { historyPath, openHistory } from '../store/history.ts'

const daemonTimeoutMs = 5000
/** Up to so long a time is read from rows of minutes. */
const finestSeconds = 3 * 86_400

interface Call {
  readonly words: readonly string[]
  readonly since: string | undefined
  readonly until: string | undefined
  readonly events: boolean
  readonly sla: boolean
  readonly json: boolean
}

/** Resolves with the exit code: 1 where the history cannot be read. */
export async function run({ words, since: from, until: to, events: onlyEvents, sla, json }: Call): Promise<number> {
  if (words.length > 1) return complain('expected one uplink at most')
  const now = Date.now() / 1000
  const since = readTime(from ?? (sla ? `${keptDays.hours}d` : '24h'), now)
  const until = to === undefined ? now : readTime(to, now)
  if (since === null || until === null || since >= until) return complain(`--since and --until take ${timeWords}`)
  if (refusedToOthers('history')) return 1
  await haveItWritten()
  const uplink = words[0] === undefined ? undefined : knownName(words[0])
  const file = await tryToOpen()
  if (file === null) return 1
  // What began before the time may end in it.
  const all = file
    .events(0, now + 86_400)
    .filter((event) => uplink === undefined || !('uplink' in event) || event.uplink === uplink)
  const step = !sla && until - since <= finestSeconds && since > now - keptDays.minutes * 86_400 ? 60 : 3600
  const hours = file.rows({ uplink, since, until, step })
  // An hour that goes on has no row of its own yet.
  const later =
    step === 60
      ? []
      : file.rows({ uplink, since: Math.max(since, (hours.at(-1)?.at ?? until - 7200) + 3600), until, step: 60 })
  file.close()
  const rows = [...hours, ...later]
  const within = all.filter(({ at }) => at >= since * 1000 && at < until * 1000)
  const outages = outagesWithin(outagesOf(all.filter(({ at }) => at < until * 1000)), since * 1000, until * 1000)
  const lines = reportOf(rows)
  const months = sla ? monthsOf(rows, outages, until * 1000) : []
  if (json) {
    const parts = onlyEvents ? { events: within } : sla ? { months } : { lines, outages, rows }
    print(JSON.stringify({ format: 1, since, until, ...parts }, null, 2))
  } else if (onlyEvents) print(eventsText(within))
  else if (sla) print(monthsText(months, paint))
  else print(historyText({ since, until, rows, lines, outages }, paint, process.stdout.isTTY))
  return 0
}

/** The daemon writes every five minutes by itself. */
async function haveItWritten(): Promise<void> {
  try {
    const reply = await askDaemon({ do: 'history' }, daemonTimeoutMs)
    if (reply?.ok === false) log.warning(`history: ${reply.message}: what the daemon has in memory is not shown`)
  } catch (error) {
    log.warning(messageOf(error))
  }
}

async function tryToOpen() {
  try {
    becomeOwnerOf(paths.lib)
    return await openHistory(historyPath, { readOnly: true })
  } catch (error) {
    const isMissing = hasCode(error, 'ENOENT') || (error instanceof Error && 'errcode' in error && error.errcode === 14)
    log.error(`history: ${historyPath}: ${isMissing ? 'nothing was written down yet' : messageOf(error)}`)
    return null
  }
}
