/** What goes wrong at the edges of the program: a code for those who decide, a message for people, and what is behind it. */

/**
 * What a caller may want to tell apart. Errors of the system keep their own codes (`ENOENT`), which `hasCode` finds behind
 * ours.
 */
type FailureCode =
  /** A request of the user's that makes no sense. */
  | 'usage'
  /** A file that is there, and is not what it has to be. */
  | 'unreadable'
  /** More than anyone asked for. */
  | 'too-large'
  /** An answer that is none. */
  | 'malformed'
  | 'timeout'
  | 'program-not-started'
  | 'program-failed'
  | 'no-bus'
  /** Whoever was called over D-Bus said no: `busError` has the error's name. */
  | 'bus-refused'
  | 'daemon-runs'
  | 'daemon-unreachable'
  | 'stopping'
  | 'no-answer'
  | 'output'

interface Details {
  readonly cause?: unknown
  /** Of D-Bus, as in `org.freedesktop.DBus.Error.AccessDenied`. */
  readonly busError?: string
  /** Of a program that ended by itself. */
  readonly exitCode?: number
}

export class Failure extends Error {
  readonly code: FailureCode
  readonly busError: string | undefined
  readonly exitCode: number | undefined

  constructor(code: FailureCode, message: string, { cause, busError, exitCode }: Details = {}) {
    super(message, cause === undefined ? {} : { cause })
    this.code = code
    this.busError = busError
    this.exitCode = exitCode
  }
}

/** Whether the error, or one that is behind it, has one of these codes: ours, or the system's. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return causesOf(error).some((one) => 'code' in one && codes.includes(String(one.code)))
}

/** The refusal of D-Bus that is the error, or behind it; null where there is none. */
export function busRefusalIn(error: unknown): { readonly name: string; readonly text: string } | null {
  for (const one of causesOf(error))
    if (one instanceof Failure && one.busError !== undefined) return { name: one.busError, text: one.message }
  return null
}

/** The error itself comes first. Who throws an error that is its own cause has made a mistake, which ends here. */
function causesOf(error: unknown): readonly Error[] {
  const found: Error[] = []
  for (let one = error; one instanceof Error && found.length < mostCauses; one = one.cause) found.push(one)
  return found
}

const mostCauses = 16
