/** What is known of a command before it is loaded, and how its arguments become what its `run` takes. */
import { parseArgs } from 'node:util'
import { messageOf } from '../os/log.ts'
import { complain, firstSentence } from './usage-error.ts'

/** Options are given or not, or have a text. */
type OptionKind = 'flag' | 'text'

/** `none` refuses every word that is no option; `some` leaves words to the command. */
type Words = 'none' | 'some' | Verbatim

/** Every argument is handed on as it is, options too, but for flags in front. Only the first `ours` of them may ask for help. */
interface Verbatim {
  readonly ours: number
}

/**
 * What the shell may offer: names of a kind, which are looked up on the host when they are asked for, or these very
 * words. `command` is another program's whole call.
 */
export type Offer = OfferedKind | 'files' | 'command' | 'nothing' | readonly string[]
export type OfferedKind = 'uplinks' | 'interfaces' | 'addresses' | 'users' | 'cgroups' | 'dscp'

/** How a command is called. */
interface Description {
  /** What follows the command's name in a call. */
  readonly usage: string
  /** What it does, for `--help`, which breaks it into text lines. */
  readonly summary: string
  readonly options: Readonly<Record<string, OptionKind>>
  /** What the shell offers for an option's text; `nothing` for those that are not here. */
  readonly values?: Readonly<Record<string, Offer | undefined>>
  readonly words: Words
  /** What the shell offers for each word, in order; `files` and `command` are for all that follow, too. */
  readonly completes?: readonly Offer[]
  /**
   * Whether it is called by the package's units and hooks only: `--help` lists these apart, and the shell does not
   * offer them.
   */
  readonly forMachines?: true
}

/** A description whose options and words are those that `run` takes. */
type DescriptionOf<Call> = Omit<Description, 'options' | 'values' | 'words'> & {
  readonly values?: { readonly [Name in OptionNames<Call> as Call[Name] extends boolean ? never : Name]?: Offer }
  readonly options: [OptionNames<Call>] extends [never]
    ? Readonly<Record<string, never>>
    : { readonly [Name in OptionNames<Call>]: Call[Name] extends boolean ? 'flag' : 'text' }
  readonly words: Call extends { readonly words: readonly string[] } ? Exclude<Words, 'none'> : Exclude<Words, 'some'>
}

type OptionNames<Call> = Exclude<keyof Call, 'words'>

export interface Command extends Description {
  /**
   * Runs the command, which is loaded only where the arguments are right. Resolves with the exit code: 0 all well, 1 a
   * problem, 2 called wrongly.
   */
  readonly start: (args: readonly string[]) => Promise<number>
}

/**
 * Ties a description to the command's file: an option that `run` does not take, or one that it takes and that is not
 * described, does not compile. The file is loaded only when the command is started.
 */
export function command<Call>(
  description: DescriptionOf<Call> & { readonly load: () => Promise<{ run: (call: Call) => Promise<number> }> },
): Command {
  const { load, ...rest } = description
  const start = async (args: readonly string[]): Promise<number> => {
    const call = tryToRead<Call>(rest, args)
    return call === null ? 2 : (await load()).run(call)
  }
  return { ...rest, start }
}

function tryToRead<Call>(description: Pick<Description, 'options' | 'words'>, args: readonly string[]): Call | null {
  try {
    return readCall<Call>(description, args)
  } catch (error) {
    complain(firstSentence(messageOf(error)))
    return null
  }
}

/**
 * The words, and each option by its name. They are a Call where the description is one of a Call, which command() sees
 * to. Throws an Error of Node's that says which option or word is not expected.
 */
export function readCall<Call>(
  { options, words }: Pick<Description, 'options' | 'words'>,
  args: readonly string[],
): Call {
  const kinds = Object.entries(options)
  if (typeof words !== 'string') return verbatim(kinds, args) as Call
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: words === 'some',
    options: Object.fromEntries(kinds.map(([name, kind]) => [name, { type: kind === 'flag' ? 'boolean' : 'string' }])),
  })
  const given = kinds.map(([name, kind]) => [name, values[name] ?? (kind === 'flag' ? false : undefined)])
  return { ...Object.fromEntries(given), words: positionals } as Call
}

/** Flags count where they stand in front of all words; from the first word on, everything is one. */
function verbatim(kinds: readonly (readonly [string, OptionKind])[], args: readonly string[]) {
  const isFlag = (arg: string) => kinds.some(([name]) => arg === `--${name}`)
  const first = args.findIndex((arg) => !isFlag(arg))
  const flags = first === -1 ? args : args.slice(0, first)
  const given = kinds.map(([name]) => [name, flags.includes(`--${name}`)])
  return { ...Object.fromEntries(given), words: args.slice(flags.length) }
}

/** Whether help is asked for, and not the command. */
export function asksForHelp({ words }: Pick<Description, 'words'>, args: readonly string[]): boolean {
  return (typeof words === 'string' ? args : args.slice(0, words.ours)).some(isHelp)
}

export function isHelp(word: string): boolean {
  return word === '--help' || word === '-h'
}
