/** A call that we do not understand. */
import { log } from '../os/log.ts'
import { didYouMean } from '../values/nearest.ts'

/** One line on standard error; gives the exit code. */
export function usageError(command: string, known: readonly string[]): 2 {
  const problem = command === '' ? 'a command is missing' : `unknown command "${command}"${didYouMean(command, known)}`
  return complain(problem)
}

/** The one word that a command takes, or null after saying what is wrong with their number: then exit with 2. */
export function onlyWord([word, surplus]: readonly string[], what: string): string | null {
  if (word !== undefined && surplus === undefined) return word
  complain(word === undefined ? `${what} is missing` : `Unexpected argument '${surplus}'`)
  return null
}

export function complain(problem: string): 2 {
  log.error(`${problem} (see ifbalance --help)`)
  return 2
}

/** Of Node's words about an option: the first says what is wrong, the rest explains `--` at length. */
export function firstSentence(text: string): string {
  return text.replace(/\. .*$/s, '')
}
