/** What journalctl(1) is asked for, and its answers as text for people. Pure. */
import { type Paint, printableLines, type Style } from './output.ts'
import { localTime } from './points-in-time.ts'

export interface Wanted {
  readonly uplink: string | null
  /** Seconds since 1970. */
  readonly since: number
  /** Whether to go on with what comes. */
  readonly follow: boolean
}

/**
 * Options of journalctl(1). Anyone may write fields of our names, so the unit counts, which journald knows from the
 * kernel.
 */
export function journalArgs({ uplink, since, follow }: Wanted): readonly string[] {
  return [
    ...['--quiet', '--no-pager', '--output=json', '--output-fields=MESSAGE,PRIORITY', '--priority=notice'],
    ...[`--since=@${Math.floor(since)}`, ...(follow ? ['--follow', '--lines=all'] : [])],
    ...['_SYSTEMD_UNIT=ifbalance.service', ...(uplink === null ? [] : [`IFBALANCE_UPLINK=${uplink}`])],
  ]
}

/** A text line for one of journalctl's; null for what is no message. */
export function logLine(json: string, paint: Paint): string | null {
  const { MESSAGE: message, PRIORITY: priority, __REALTIME_TIMESTAMP: at } = fieldsOf(json)
  const micros = Number(at)
  if (typeof message !== 'string' || !Number.isFinite(micros)) return null
  const style = styleOf(Number(priority))
  const [first = ''] = printableLines(message).split('\n', 1)
  return `${localTime(micros / 1000)}  ${style === null ? first : paint(style, first)}`
}

/** Priorities of syslog(3): 3 is an error, 4 a warning, 5 a notice. */
function styleOf(priority: number): Style | null {
  if (priority <= 3) return 'red'
  return priority === 4 ? 'yellow' : null
}

function fieldsOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
