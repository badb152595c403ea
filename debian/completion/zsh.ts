/** Completion for zsh(1). Pure. */
import type { Offer } from '../../src/cli/command.ts'
import { alone, isForAll, listings, type OfferedCommand, type Way, wayOf } from './offered.ts'

export function zshCompletion(commands: readonly OfferedCommand[]): string {
  return `#compdef ifbalance
# zsh completion for ifbalance(8)

${Object.entries(listings)
  .map(([kind, pipeline]) => listingFunction(kind, pipeline))
  .join('\n\n')}

_ifbalance_commands() {
    local -a commands
    commands=(
        ${commands.map(({ name, summary }) => quoted(`${name}:${summary}`)).join('\n        ')}
    )
    _describe -t commands 'command of ifbalance' commands
}

_ifbalance_words() {
    case $words[1] in
        ${commands.flatMap(commandCase).join('\n        ')}
        *) return 1 ;;
    esac
}

_ifbalance() {
    local curcontext=$curcontext state state_descr line
    typeset -A opt_args
    _arguments -C -A '-*' \\
        ${Object.entries(alone)
          .map(([option, text]) => quoted(`(- *)--${option}[${text}]`))
          .join(' \\\n        ')} \\
        '1:command:_ifbalance_commands' \\
        '*::word:->words' && return
    [[ $state == words ]] && _ifbalance_words
}

_ifbalance "$@"`
}

function listingFunction(kind: string, pipeline: string): string {
  return `_ifbalance_${kind}() {
    local -a names
    names=(\${(f)"$(${pipeline})"})
    compadd "$@" -a names
}`
}

/** A command's specifications for `_arguments`. */
function commandCase({ name, options, words }: OfferedCommand): readonly string[] {
  if (words.includes('command')) return [callOfAnother(name, words, options)]
  const specs = [
    ...options.map(({ name: option, value }) => `--${option}${value === null ? '' : `:${option}:${action(value)}`}`),
    ...words.map((offer, index) => `${isForAll(offer) ? '*' : index + 1}:word:${action(offer)}`),
  ]
  return specs.length === 0 ? [] : [`${name}) _arguments ${specs.map(quoted).join(' ')} ;;`]
}

/** Not by `_arguments`, which takes `--` for its own. */
function callOfAnother(name: string, words: readonly Offer[], options: OfferedCommand['options']): string {
  const standIns = options.map((option) => `--${option.name}`).join(' ')
  const own = words.filter((offer) => offer !== 'command').map(wayOf)
  const cases = own.map((way, index) => `((CURRENT == ${index + 2})) && { ${functionCall(way)}; return }`)
  const shift = own.length + 1
  return `${name})
            ${`((CURRENT == 2)) && [[ $PREFIX == -* ]] && { compadd -- ${standIns}; return }`}
            ${cases.join('\n            ')}
            shift ${shift} words
            ((CURRENT -= ${shift}))
            _normal
            ;;`
}

function action(offer: Offer): string {
  const one = wayOf(offer)
  return one.way === 'words' ? `(${one.words.join(' ')})` : functionCall(one)
}

function functionCall(one: Way): string {
  switch (one.way) {
    case 'words':
      return `compadd -- ${one.words.join(' ')}`
    case 'listing':
      return `_ifbalance_${one.kind}`
    case 'files':
      return '_files'
    case 'command':
      return '_normal'
    case 'nothing':
      return ' '
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
