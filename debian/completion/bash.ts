/** Completion for bash(1). Pure. */
import type { Offer } from '../../src/cli/command.ts'
import {
  alone,
  haveStandIns,
  isForAll,
  listings,
  type OfferedCommand,
  standIns,
  valueOptions,
  type Way,
  wayOf,
} from './offered.ts'

/**
 * The function takes the text of the line apart by itself: bash breaks words at colons, which addresses have. What it
 * offers is not expanded once more, as it would be by `compgen -W`.
 */
export function bashCompletion(commands: readonly OfferedCommand[]): string {
  const first = [...commands.map(({ name }) => name), ...Object.keys(alone).map((option) => `--${option}`)]
  return `# bash completion for ifbalance(8)

_ifbalance_names() {
    case $1 in
        ${Object.entries(listings)
          .map(([kind, pipeline]) => `${kind}) ${pipeline} ;;`)
          .join('\n        ')}
    esac
}

_ifbalance() {
    local line=\${COMP_LINE:0:COMP_POINT} words word current place=1 index found=()
    read -ra words <<<"$line"
    [[ $line == *[[:blank:]] ]] && words+=('')
    current=\${words[-1]}
    COMPREPLY=()
    for ((index = 2; index < \${#words[@]} - 1; index++)); do
        case \${words[1]}:\${words[index]} in
            ${valueOptions(commands).join(' | ')}) ((index++)) ;;
            ${standIns(commands).join(' | ')}) ((place++)) ;;
            *:-?*) [[ \${words[index]} == -- ]] && ((place++)) ;;
            *) ((place++)) ;;
        esac
    done
    if ((\${#words[@]} == 2)); then
        found=(${first.join(' ')})
    elif ((index == \${#words[@]})); then
        case \${words[1]}:\${words[-2]} in
            ${commands.flatMap(valueCases).join('\n            ')}
        esac
    elif [[ $current == -* ]]; then
        case \${words[1]}:$place in
            ${commands.flatMap(optionCases).join('\n            ')}
        esac
    else
        case \${words[1]}:$place in
            ${commands.flatMap(wordCases).join('\n            ')}
        esac
    fi
    for word in "\${found[@]}"; do
        [[ $word == "$current"* ]] && COMPREPLY+=("$word")
    done
    if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
        COMPREPLY=("\${COMPREPLY[@]#"\${current%"\${current##*:}"}"}")
    fi
}

complete -F _ifbalance ifbalance`
}

function valueCases({ name, options }: OfferedCommand): readonly string[] {
  return options.flatMap(({ name: option, value }) => (value === null ? [] : offering(`${name}:--${option}`, value)))
}

function wordCases({ name, options, words }: OfferedCommand): readonly string[] {
  // Where there is no word to offer, the options are what may come.
  if (words.length === 0) return options.length === 0 ? [] : [optionCase(name, options)]
  return words.flatMap((offer, index) => offering(`${name}:${isForAll(offer) ? '*' : index + 1}`, offer))
}

function optionCases(command: OfferedCommand): readonly string[] {
  const { name, options, words } = command
  const dashes = words.findIndex((offer) => Array.isArray(offer) && offer.includes('--'))
  const cases = dashes < 0 ? [] : [`${name}:${dashes + 1}) found=(--) ;;`]
  return options.length === 0 ? cases : [...cases, optionCase(name, options, haveStandIns(command) ? '1' : '*')]
}

function optionCase(name: string, options: OfferedCommand['options'], place = '*'): string {
  return `${name}:${place}) found=(${options.map((option) => `--${option.name}`).join(' ')}) ;;`
}

function offering(pattern: string, offer: Offer): readonly string[] {
  const action = actionFor(wayOf(offer))
  return action === null ? [] : [`${pattern}) ${action} ;;`]
}

function actionFor(one: Way): string | null {
  switch (one.way) {
    case 'words':
      return `found=(${one.words.join(' ')})`
    case 'listing':
      return `mapfile -t found < <(_ifbalance_names ${one.kind})`
    case 'files':
      return 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current")'
    case 'command':
      // The function is of bash-completion, whose loader usually is what reads this file.
      return 'if declare -F _command_offset >/dev/null; then _command_offset 4; else mapfile -t found < <(compgen -c); fi'
    case 'nothing':
      return null
  }
}
