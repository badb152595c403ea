/** Errors and warnings with the place that they are about. */
import { printable } from '../../os/log.ts'

/** Where in the files something is: `/etc/ifbalance/ifbalance.conf:12: [uplink home] weight`. */
export interface Place {
  readonly path: string
  readonly line: number
  /** `[uplink home]`, or empty before the first section. */
  readonly section?: string
  readonly key?: string
}

export interface Report {
  /** `of`: what is wrong by that, where it is not where the error is. */
  readonly error: (place: Place, message: string, of?: Place) => void
  readonly warn: (place: Place, message: string) => void
  readonly errors: () => readonly string[]
  readonly warnings: () => readonly string[]
  /** What is wrong: a place for each error. */
  readonly faults: () => readonly Place[]
}

/** A file of another kind altogether has a mistake on every line; nobody reads more of them than this. */
const most = 50

export function newReport(): Report {
  const errors: string[] = []
  const warnings: string[] = []
  const faults: Place[] = []
  return {
    error: (place, message, of = place) => {
      faults.push(of)
      errors.push(lineOf(place, message))
    },
    warn: (place, message) => warnings.push(lineOf(place, message)),
    errors: () => limited(errors, 'errors'),
    warnings: () => limited(warnings, 'warnings'),
    faults: () => faults,
  }
}

function lineOf({ path, line, section, key }: Place, message: string): string {
  const where = [section, key].filter((part) => part !== undefined).join(' ')
  return printable(`${path}:${line}: ${where === '' ? '' : `${where}: `}${message}`)
}

function limited(lines: readonly string[], what: string): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `and ${lines.length - most} more ${what}`]
}

/** Text from a file inside a message: in quotes, on one line, and not longer than a person reads. */
export function quoted(text: string): string {
  return `"${printable(text.length > 60 ? `${text.slice(0, 60)}...` : text)}"`
}
