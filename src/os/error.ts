/** Errors at the edges of the program: a code for callers that decide, a message for people, and the cause. */

/**
 * What a caller may want to tell apart. Errors of the system keep their own codes (`ENOENT`), which `hasCode` finds
 * behind ours.
 */
type FailureCode =
  /** The user asked for something that makes no sense. */
  | 'usage'
  /** A file is there, and is not what it has to be. */
  | 'unreadable'
  /** An input is larger than any that makes sense. */
  | 'too-large'
  /** An answer is not in the form that it has to have. */
  | 'malformed'
  | 'timeout'
  | 'program-not-started'
  | 'program-failed'
  | 'no-bus'
  /** The callee on D-Bus refused; `busError` has the error's name. */
  | 'bus-refused'
  | 'daemon-runs'
  | 'daemon-unreachable'
  | 'stopping'
  | 'no-answer'
  /** A message could not be handed over. */
  | 'not-sent'
  | 'output'

interface Details {
  readonly cause?: unknown
  /** Name of the D-Bus error, such as `org.freedesktop.DBus.Error.AccessDenied`. */
  readonly busError?: string
  /** Exit code of a program that ended by itself. */
  readonly exitCode?: number
  /** Name of the signal that ended a program, such as `SIGSEGV`. */
  readonly signal?: string
}

export class Failure extends Error {
  readonly code: FailureCode
  readonly busError: string | undefined
  readonly exitCode: number | undefined
  readonly signal: string | undefined

  constructor(code: FailureCode, message: string, { cause, busError, exitCode, signal }: Details = {}) {
    super(message, cause === undefined ? {} : { cause })
    this.code = code
    this.busError = busError
    this.exitCode = exitCode
    this.signal = signal
  }
}

/** Whether the error, or one behind it, has one of these codes: ours, or the system's. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return causesOf(error).some((one) => 'code' in one && codes.includes(String(one.code)))
}

/** The code of what went wrong first: the system's where it is known, else ours; undefined where there is none. */
export function codeOf(error: unknown): string | undefined {
  const codes = causesOf(error).flatMap((one) => ('code' in one && typeof one.code === 'string' ? [one.code] : []))
  return codes.at(-1)
}

/** The D-Bus refusal that the error is, or has behind it; null where there is none. */
export function busRefusalIn(error: unknown): { readonly name: string; readonly text: string } | null {
  for (const one of causesOf(error))
    if (one instanceof Failure && one.busError !== undefined) return { name: one.busError, text: one.message }
  return null
}

/** The error, then those behind it. Their number is bounded, as an error may by mistake be its own cause. */
function causesOf(error: unknown): readonly Error[] {
  const found: Error[] = []
  for (let one = error; one instanceof Error && found.length < mostCauses; one = one.cause) found.push(one)
  return found
}

const mostCauses = 16
