/** Errors and warnings, each with its place in the files. */
import { printable } from '../../os/log.ts'

/** A place in the files, such as `/etc/ifbalance/ifbalance.conf:12: [uplink home] weight`. */
export interface SourceLocation {
  readonly path: string
  readonly line: number
  /** `[uplink home]`; absent before the first section. */
  readonly section?: string
  readonly key?: string
}

export interface Diagnostics {
  /** Reports an error; `of` is the place of the key that becomes wrong by it, where that is another than `place`. */
  readonly error: (place: SourceLocation, message: string, of?: SourceLocation) => void
  readonly warn: (place: SourceLocation, message: string) => void
  readonly errors: () => readonly string[]
  readonly warnings: () => readonly string[]
  /** The places of what is wrong, one for each error. */
  readonly faults: () => readonly SourceLocation[]
}

/**
 * How many messages are shown. A file of another kind altogether has a mistake on every text line, and nobody reads
 * more of them.
 */
const most = 50

export function newDiagnostics(): Diagnostics {
  const errors: string[] = []
  const warnings: string[] = []
  const faults: SourceLocation[] = []
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

function lineOf({ path, line, section, key }: SourceLocation, message: string): string {
  const where = [section, key].filter((part) => part !== undefined).join(' ')
  return printable(`${path}:${line}: ${where === '' ? '' : `${where}: `}${message}`)
}

function limited(lines: readonly string[], what: string): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `and ${lines.length - most} more ${what}`]
}

/** Text from a file inside a message: in quotes, without line breaks, and not longer than a person reads. */
export function quoted(text: string): string {
  return `"${printable(text.length > 60 ? `${text.slice(0, 60)}...` : text)}"`
}
