/** `node debian/completion.ts bash|zsh|fish` prints that shell's completion for ifbalance(8), made of the list of commands. */
import { bashCompletion } from './completion/bash.ts'
import { fishCompletion } from './completion/fish.ts'
import { offered } from './completion/offered.ts'
import { zshCompletion } from './completion/zsh.ts'

const shells: Readonly<Record<string, typeof bashCompletion>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

const print = shells[process.argv[2] ?? '']
if (print === undefined) throw new Error(`usage: debian/completion.ts ${Object.keys(shells).join('|')}`)
console.log(print(offered))
