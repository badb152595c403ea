/**
 * The program's log, one text line a message. It goes to standard error, under systemd with the priorities of
 * sd-daemon(3), or to where whoever runs it has sent it (journal.ts).
 */
import { fstatSync } from 'node:fs'
import type { Event, Level } from '../model/event.ts'
import { levelOf, textOf } from '../model/event-text.ts'
import { omitUndefined } from '../values/omit-undefined.ts'
import { codeOf } from './error.ts'

export interface Line {
  readonly level: Level
  /** The message: one text line, free of control characters. */
  readonly message: string
  /** The event that the message tells of, where there is one. */
  readonly event?: Event
}

/** Priorities of syslog(3). */
export const priorities: Readonly<Record<Level, number>> = { error: 3, warning: 4, notice: 5, info: 6 }

/** Writes to standard error: as JSON with IFBALANCE_LOG=json, otherwise as text. */
export function toStandardError(line: Line): void {
  process.stderr.write(`${process.env['IFBALANCE_LOG'] === 'json' ? jsonOf(line) : textLineOf(line)}\n`)
}

function textLineOf({ level, message }: Line): string {
  return process.env['JOURNAL_STREAM'] ? `<${priorities[level]}>${message}` : `ifbalance: ${message}`
}

/** A message as JSON; `format` is the version of the form, as in `ifbalance status --json`. */
function jsonOf({ level, message, event }: Line): string {
  return JSON.stringify({ format: 1, priority: priorities[level], message, ...event })
}

let write = toStandardError

/** Sends all further messages to `destination`. */
export function sendLogTo(destination: (line: Line) => void): void {
  write = destination
}

const say = (level: Level) => (message: string) => write({ level, message: printable(message) })

export const log = {
  error: say('error'),
  warning: say('warning'),
  notice: say('notice'),
  info: say('info'),
  event: tellEvent,
  /** Says that something could not be done, such as `reading` a path, why, and what follows from it. */
  failure: (doing: string, what: string, error: unknown, consequence?: string) =>
    tellEvent({
      event: 'failure',
      doing,
      what,
      ...omitUndefined({ code: codeOf(error), consequence }),
      reason: messageOf(error),
    }),
}

function tellEvent(event: Event): void {
  write({ level: levelOf(event), message: printable(textOf(event)), event })
}

/** Whether standard error is a stream to journald (systemd.exec(5), JOURNAL_STREAM). */
export function isJournal(stream: string | undefined = process.env['JOURNAL_STREAM']): boolean {
  if (stream === undefined) return false
  try {
    const { dev, ino } = fstatSync(2, { bigint: true })
    return stream === `${dev}:${ino}`
  } catch {
    return false
  }
}

/** The text as one line without control characters, whatever names it quotes, and 2000 characters at most. */
export function printable(text: string): string {
  return text.replace(/[^\P{C}\t]/gu, '\uFFFD').slice(0, 2000)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
