/** `ifbalance history`: what the daemon has written down of the lines. */
import { eventsText, graphWidth, historyText, monthsText } from '../cli/history-text.ts'
import { knownName } from '../cli/known-name.ts'
import { monthReports, monthsBetween } from '../cli/months.ts'
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
import { lineReport, outagesOf, outagesWithin } from '../status/history/report.ts'
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
  const within = all.filter(({ at }) => at >= since * 1000 && at < until * 1000)
  const outages = outagesWithin(outagesOf(all.filter(({ at }) => at < until * 1000)), since * 1000, until * 1000)
  const isFine = !sla && until - since <= finestSeconds && since > now - keptDays.minutes * 86_400
  const query = { uplink, since, until, step: isFine ? 60 : 3600 } as const
  const lines = () => file.sums(query).map(lineReport)
  if (onlyEvents) {
    if (json) printJson({ since, until, events: within })
    else print(eventsText(within))
  } else if (sla) {
    const oldest = Math.max(since, now - (keptDays.hours + 1) * 86_400)
    const months = monthsBetween(oldest, until).flatMap((month) =>
      monthReports(month, file.sums({ ...query, ...month }).map(lineReport), outages, until * 1000),
    )
    if (json) printJson({ since, until, months })
    else print(monthsText(months, paint))
  } else if (json) printJson({ since, until, lines: lines(), outages }, file.rowsText(query))
  else {
    const courses = process.stdout.isTTY ? file.courses(query, graphWidth) : []
    print(historyText({ since, until, lines: lines(), courses, outages }, paint))
  }
  file.close()
  return 0
}

/** `rows` are JSON already: values of a year's rows would take seconds. */
function printJson(parts: object, rows?: string): void {
  const text = JSON.stringify({ format: 1, ...parts }, null, 2)
  print(rows === undefined ? text : `${text.slice(0, -2)},\n  "rows": [${rows}]\n}`)
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
