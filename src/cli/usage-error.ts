/** Complaints about a call that we do not understand. */
import { log } from '../os/log.ts'
import { didYouMean } from '../values/nearest.ts'

/** Complains about a missing or unknown command, in one text line on standard error. Returns the exit code. */
export function usageError(command: string, known: readonly string[]): 2 {
  const problem = command === '' ? 'a command is missing' : `unknown command "${command}"${didYouMean(command, known)}`
  return complain(problem)
}

/** The one word that a command takes; null after complaining about their number: then the exit code is 2. */
export function onlyWord([word, surplus]: readonly string[], what: string): string | null {
  if (word !== undefined && surplus === undefined) return word
  complain(word === undefined ? `${what} is missing` : `Unexpected argument '${surplus}'`)
  return null
}

/** Logs what is wrong with a call, in one text line. Returns the exit code. */
export function complain(problem: string): 2 {
  log.error(`${problem} (see ifbalance --help)`)
  return 2
}

/** The first sentence of Node's words about an option: it says what is wrong, and the rest explains `--` at length. */
export function firstSentence(text: string): string {
  return text.replace(/\. .*$/s, '')
}
