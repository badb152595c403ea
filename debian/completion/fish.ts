/** Completion for fish(1). Pure. */
import type { Offer } from '../../src/cli/command.ts'
import {
  alone,
  haveStandIns,
  isForAll,
  listings,
  type OfferedCommand,
  standIns,
  valueOptions,
  wayOf,
} from './offered.ts'

export function fishCompletion(commands: readonly OfferedCommand[]): string {
  return `# fish completion for ifbalance(8)

# Prints the command, and the place of the word that is typed, from 1.
function __ifbalance_place
    set -l words (commandline -opc)
    set -e words[1]
    set -q words[1]; or return 1
    set -l command $words[1]
    set -e words[1]
    set -l place 1
    while set -q words[1]
        switch $command:$words[1]
            case ${valueOptions(commands).join(' ')}
                set -e words[1]
            case ${standIns(commands).join(' ')} '*:--'
                set place (math $place + 1)
            case '*:-?*'
            case '*'
                set place (math $place + 1)
        end
        set -e words[1]
    end
    echo $command:$place
end

function __ifbalance_is_at
    string match -q -- $argv[1] (__ifbalance_place)
end

${Object.entries(listings)
  .map(([kind, pipeline]) => `function __ifbalance_${kind}\n    ${pipeline}\nend`)
  .join('\n\n')}

complete -c ifbalance -f
${Object.entries(alone)
  .map(([option, text]) => `complete -c ifbalance -n __fish_is_first_token -l ${option} -d ${quoted(text)}`)
  .join('\n')}
${commands.flatMap(linesOf).join('\n')}`
}

function linesOf(command: OfferedCommand): readonly string[] {
  const { name, summary, options, words } = command
  const place = haveStandIns(command) ? '1' : '*'
  return [
    line('not __ifbalance_place', `-a ${name} -d ${quoted(summary)}`),
    ...options.map((option) =>
      line(`__ifbalance_is_at '${name}:${place}'`, `-l ${option.name}${textOf(option.value)}`),
    ),
    ...words.flatMap((offer, index) =>
      offer === 'nothing' ? [] : [line(placeOf(name, offer, index), argumentsFor(offer))],
    ),
  ]
}

function line(condition: string, rest: string): string {
  return `complete -c ifbalance -n ${quoted(condition)} ${rest}`
}

/** The condition of a word's place, or of that one and all behind it. */
function placeOf(name: string, offer: Offer, index: number): string {
  if (!isForAll(offer)) return `__ifbalance_is_at ${name}:${index + 1}`
  const earlier = Array.from({ length: index }, (_, place) => `; and not __ifbalance_is_at ${name}:${place + 1}`)
  return `__ifbalance_is_at '${name}:*'${earlier.join('')}`
}

function textOf(value: Offer | null): string {
  if (value === null) return ''
  return value === 'files' || value === 'nothing' ? ` -r ${argumentsFor(value)}` : ` -x ${argumentsFor(value)}`
}

function argumentsFor(offer: Offer): string {
  const one = wayOf(offer)
  switch (one.way) {
    case 'words':
      return `-a ${quoted(one.words.join(' '))}`
    case 'listing':
      return `-a '(__ifbalance_${one.kind})'`
    case 'files':
      return '-F'
    case 'command':
      return `-a '(__fish_complete_subcommand --fcs-skip=4)'`
    case 'nothing':
      return '-f'
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
