/** An event as one text line, for people and for programs. Pure. */

import { usableText } from '../model/usable-text.ts'
import { printable } from '../os/log.ts'
import type { Change, MonitorEvent } from './monitor-events.ts'
import type { Paint, Style } from './output.ts'

const styles: Readonly<Record<string, Style>> = { online: 'green', unconfigured: 'yellow', down: 'red' }

/**
 * The event as a JSON object on one text line, with the same content as the text; `format` as in
 * `ifbalance status --json`.
 */
export function eventJson({ time, ...event }: MonitorEvent): string {
  return JSON.stringify({ format: 1, time: time.toISOString(), ...event })
}

export function eventText(event: MonitorEvent, paint: Paint): string {
  return `${paint('dim', clock(event.time))}  ${saying(event, paint)}`
}

function saying(event: MonitorEvent, paint: Paint): string {
  switch (event.event) {
    case 'daemon':
      if (event.running)
        return [`the daemon is running, mode ${word(event.mode)}`, event.heldDown ? 'held down' : '', roleText(event)]
          .filter(Boolean)
          .join(', ')
      return event.problem
        ? `the daemon does not answer: ${word(event.problem)}`
        : 'no daemon is running; waiting for it'
    case 'removed':
      return `${word(event.name)} is forgotten`
    case 'uplink': {
      const { Name, Interface, State, Share, Gateway4, Gateway6 } = event.uplink
      const gateway = Gateway4 || Gateway6
      const way = gateway ? `, by ${word(gateway)}` : ''
      return `${word(Name)} (${word(Interface)}) is ${state(State, paint)}, share ${percent(Share)}${way}`
    }
    case 'changed': {
      const { Since: _, RoleReason: why, ...told } = event.changes
      const parts = Object.entries(told).map(([name, change]) => changeText(name, change, paint))
      if (told['Role'] && why) parts.push(`as ${word(why.to)}`)
      if (parts.length === 0) parts.push(word(why?.to))
      return `${word(event.name)}: ${parts.join(', ')}`
    }
  }
}

function roleText({ role, usable }: { readonly role?: string; readonly usable?: number }): string {
  return role === undefined ? '' : `${word(role)}, ${usableText(usable ?? 0)}`
}

function changeText(name: string, { from, to }: Change, paint: Paint): string {
  if (name === 'State') return `${word(from)} -> ${state(to, paint)}`
  if (name === 'Share') return `share ${percent(from)} -> ${percent(to)}`
  return `${word(name).toLowerCase()} ${word(from)} -> ${word(to)}`
}

function state(value: unknown, paint: Paint): string {
  const text = word(value)
  const style = styles[text]
  return style ? paint(style, text) : text
}

function percent(share: unknown): string {
  return `${Math.round(Number(share) * 100)} %`
}

function word(value: unknown): string {
  const text = Array.isArray(value) ? value.join(' ') : String(value ?? '')
  return text === '' ? 'none' : printable(text)
}

/** Local time with milliseconds: what people compare is minutes old at most, and --json has the date. */
function clock(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const [hours, minutes, seconds] = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two)
  return `${hours}:${minutes}:${seconds}.${String(time.getMilliseconds()).padStart(3, '0')}`
}
