/** `node debian/bash-completion.ts` prints bash's completion for ifbalance(8), made of the list of commands. */
import type { Command } from '../src/cli/command.ts'
import { commands } from '../src/commands/list.ts'

const uplinks = `$(ifbalance status --json 2>/dev/null | sed -n 's/^      "name": "\\(.*\\)",$/\\1/p')`

const forPeople = Object.entries<Command>(commands).filter(([, { forMachines }]) => !forMachines)

function cases(): readonly string[] {
  return forPeople.flatMap(([name, { options, completes }]) => {
    if (completes === 'files') return [`${name}) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;`]
    const words = Object.keys(options).map((option) => `--${option}`)
    if (completes === 'uplinks') words.push(uplinks)
    return words.length > 0 ? [`${name}) words="${words.join(' ')}" ;;`] : []
  })
}

console.log(`# bash completion for ifbalance(8)

_ifbalance() {
    local current=\${COMP_WORDS[COMP_CWORD]} words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='${[...forPeople.map(([name]) => name), '--help', '--version'].join(' ')}'
    elif [ "$COMP_CWORD" -eq 2 ]; then
        case \${COMP_WORDS[1]} in
            ${cases().join('\n            ')}
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _ifbalance ifbalance`)
