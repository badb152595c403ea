/** What a shell has to know of the commands of people: made of the list of commands. Pure. */
import type { Command, Offer, OfferedKind } from '../../src/cli/command.ts'
import { commands } from '../../src/commands/list.ts'
import { dscpNumbers } from '../../src/net/dscp.ts'

export interface OfferedCommand {
  readonly name: string
  readonly summary: string
  readonly options: readonly OfferedOption[]
  /** By place, from 1. */
  readonly words: readonly Offer[]
}

export interface OfferedOption {
  readonly name: string
  /** Null for an option without a text. */
  readonly value: Offer | null
}

export const offered: readonly OfferedCommand[] = Object.entries<Command>(commands)
  .filter(([, { forMachines }]) => !forMachines)
  .map(([name, { summary, options, values, completes }]) => ({
    name,
    summary,
    options: Object.entries(options).map(([option, kind]) => ({
      name: option,
      value: kind === 'flag' ? null : (values?.[option] ?? 'nothing'),
    })),
    words: completes ?? [],
  }))

/** Options that stand in place of a command. */
export const alone: Readonly<Record<string, string>> = {
  help: 'print how it is called',
  version: 'print the version',
}

/** Names with other characters than these steer shells, and no uplink, user or address has any. */
const harmless = '[A-Za-z0-9_.:@-]'

/** Pipelines that print the names of a kind, one a line, and mean the same in every shell. */
export const listings: Readonly<Record<Listed, string>> = {
  uplinks: `ifbalance status --json 2>/dev/null | sed -n 's/^      "name": "\\(${harmless}*\\)",$/\\1/p'`,
  interfaces: `find /sys/class/net -type l -printf '%f\\n' 2>/dev/null | grep -x '${harmless}*'`,
  addresses: `ip -oneline address show 2>/dev/null | sed -n 's|^.* inet6* \\(${harmless}*\\)[/ ].*$|\\1|p'`,
  users: `getent passwd | cut -d: -f1 | grep -x '${harmless}*'`,
  cgroups: `find /sys/fs/cgroup -mindepth 1 -maxdepth 3 -type d -printf '%P\\n' 2>/dev/null | grep -x '[A-Za-z0-9_.:@/-]*'`,
}

/** What is offered, in the ways in which a shell can be told. */
export function wayOf(offer: Offer): Way {
  if (offer === 'dscp') return { way: 'words', words: [...dscpNumbers.keys()] }
  if (typeof offer !== 'string') return { way: 'words', words: offer }
  return offer === 'files' || offer === 'command' || offer === 'nothing'
    ? { way: offer }
    : { way: 'listing', kind: offer }
}

export type Way =
  | { readonly way: 'words'; readonly words: readonly string[] }
  | { readonly way: 'listing'; readonly kind: Listed }
  | { readonly way: 'files' | 'command' | 'nothing' }

type Listed = Exclude<OfferedKind, 'dscp'>

/** Whether the offer is for all words that follow, too. */
export function isForAll(offer: Offer): boolean {
  return offer === 'files' || offer === 'command'
}

/** Whether options stand in place of the first word, as in the call of another program. */
export function haveStandIns({ words }: OfferedCommand): boolean {
  return words.includes('command')
}

/** `COMMAND:--OPTION` for each option that stands in place of a word. */
export function standIns(commands: readonly OfferedCommand[]): readonly string[] {
  return commands.filter(haveStandIns).flatMap(({ name, options }) => options.map((one) => `${name}:--${one.name}`))
}

/** `COMMAND:--OPTION` for each option that takes the word behind it. */
export function valueOptions(commands: readonly OfferedCommand[]): readonly string[] {
  return commands.flatMap(({ name, options }) =>
    options.flatMap((option) => (option.value === null ? [] : [`${name}:--${option.name}`])),
  )
}
