/** A message as text for people, in the host's time zone. Pure but for that. */

import { durationText } from '../model/event-text.ts'
import type { Item, Message } from '../model/notify.ts'
import { printable } from '../os/log.ts'

/** One line, for a mail's subject. */
export function subjectOf({ items }: Message, host: string): string {
  const [first] = items.map(shortText)
  const rest = items.length > 1 ? `, and ${items.length - 1} more` : ''
  return printable(`${host}: ${first ?? 'nothing'}${rest}`).slice(0, 200)
}

/** The whole text, a line for each fact. */
export function bodyOf({ items }: Message): string {
  return `${items.flatMap(linesOf).map(printable).join('\n')}\n`
}

function shortText({ uplink, standby, out, back, whole, quota }: Item): string {
  const name = nameOf(uplink, standby)
  if (out) return uplink === '' ? 'no uplink works' : `${name} is out`
  if (back || whole) return uplink === '' ? 'an uplink works again' : stateText(name, (whole ?? back)?.to ?? '')
  return `${name} has used ${quota} % of its quota`
}

function linesOf({ uplink, standby, out, back, whole, quota }: Item): readonly string[] {
  const name = nameOf(uplink, standby)
  const what = (verb: string) =>
    uplink === '' ? `no uplink ${verb === 'is' ? 'works' : 'worked'}` : `${name} ${verb} out`
  const why = (reason: string) => (reason === '' ? '' : `: ${reason}`)
  const unnoticed = standby ? ', and nothing uses it that would have noticed' : ''
  const lines: string[] = []
  if (back) {
    const lasted = durationText(back.until - back.since)
    const again = uplink === '' ? 'an uplink works again' : stateText(name, back.to)
    lines.push(`${again} since ${timeText(back.until)}, after ${lasted} (out since ${timeText(back.since)})`)
  }
  if (whole) {
    const { count, since, until, totalMs, reason } = whole
    const often = count === 1 ? '' : ` ${count} times`
    const all = count === 1 ? durationText(totalMs) : `${durationText(totalMs)} in all`
    lines.push(`${what('was')}${often} from ${timeText(since)} to ${timeText(until)} (${all})${why(reason)}`)
  }
  if (out) lines.push(`${what('is')} since ${timeText(out.since)}${unnoticed}${why(out.reason)}`)
  if (quota !== undefined) lines.push(`${name} has used ${quota} % of its quota`)
  return lines
}

function nameOf(uplink: string, standby?: true): string {
  return standby ? `${uplink} (standby)` : uplink
}

function stateText(name: string, state: string): string {
  if (state === 'gone') return `${name} is no uplink any more`
  return state === 'online' || state === 'suspect' ? `${name} is back` : `${name} is ${state}`
}

/** `2026-11-27 08:30:05`, by the host's clock. */
function timeText(ms: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const date = new Date(ms)
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}
