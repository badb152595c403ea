/** A call that we do not understand. */
import { parseArgs } from 'node:util'
import { log, messageOf } from '../os/log.ts'
import { didYouMean } from '../values/nearest.ts'

/** One line on standard error; gives the exit code. */
export function usageError(command: string, known: readonly string[]): 2 {
  const problem = command === '' ? 'a command is missing' : `unknown command "${command}"${didYouMean(command, known)}`
  return complain(problem)
}

/** Which of the flags were given, or null after saying what is wrong with the arguments: then exit with 2. */
export function readFlags<const F extends string>(
  args: readonly string[],
  ...flags: readonly F[]
): Readonly<Partial<Record<F, boolean>>> | null {
  try {
    const options = Object.fromEntries(flags.map((flag) => [flag, { type: 'boolean' as const }]))
    return parseArgs({ args: [...args], options }).values as Partial<Record<F, boolean>>
  } catch (error) {
    // The first sentence says it; the rest explains `--` at length.
    complain(messageOf(error).replace(/\. .*$/s, ''))
    return null
  }
}

/** The one word that a command takes, or null after saying what is wrong with the arguments: then exit with 2. */
export function readWord(args: readonly string[], what: string): string | null {
  const words = readWords(args)
  if (words === null) return null
  const [word, surplus] = words
  if (word !== undefined && surplus === undefined) return word
  complain(word === undefined ? `${what} is missing` : `Unexpected argument '${surplus}'`)
  return null
}

/** The words that a command takes, or null after saying what is wrong with the arguments: then exit with 2. */
export function readWords(args: readonly string[]): readonly string[] | null {
  try {
    return parseArgs({ args: [...args], options: {}, allowPositionals: true }).positionals
  } catch (error) {
    complain(messageOf(error).replace(/\. .*$/s, ''))
    return null
  }
}

export function complain(problem: string): 2 {
  log.error(`${problem} (see ifbalance --help)`)
  return 2
}
