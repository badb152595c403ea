/** What real shells offer behind a line, where the programs that are asked for names are stand-ins. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')

export type Shell = 'bash' | 'zsh' | 'fish'
export const shells = ['bash', 'zsh', 'fish'] as const satisfies readonly Shell[]

export function isInstalled(shell: Shell): boolean {
  return existsSync(`/usr/bin/${shell}`)
}

/** Names that would be commands, were they expanded. */
const hostile = ['$(touch hostile)', '`touch hostile`', ';touch hostile', "it's", '"']

/** Stand-ins, by name, for the programs that are asked; each prints what it is asked for, and names to beware of. */
const standIns: Readonly<Record<string, readonly string[]>> = {
  ifbalance: ['dsl', 'lte', ...hostile].map((name) => `      "name": "${name}",`),
  ip: ['inet 192.0.2.1/24 brd 192.0.2.255', 'inet6 2001:db8::1/64 scope global'].map((rest) => `2: eth0    ${rest}`),
  getent: ['root:x:0:0:root:/root:/bin/sh', 'backup:x:34:34::/:/bin/sh', ...hostile],
  find: ['eth0', 'wwan0', ...hostile],
}

/** The words that a shell offers behind each of these lines, by line; the working directory is the project's. */
export function offeredBy(shell: Shell, lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ifbalance-shell-'))
  try {
    for (const [name, printed] of Object.entries(standIns)) {
      writeFileSync(join(folder, name), `#!/bin/sh\ncat <<'END'\n${printed.join('\n')}\nEND\n`)
      chmodSync(join(folder, name), 0o755)
    }
    const script = join(folder, shell === 'zsh' ? '_ifbalance' : 'ifbalance.completion')
    writeFileSync(script, execFileSync(process.execPath, ['debian/completion.ts', shell], { cwd: root }))
    const answers = join(folder, 'answers')
    asking[shell]({ folder, script, answers, lines })
    if (existsSync(join(root, 'hostile'))) throw new Error('a name was run as a command')
    const parts = readFileSync(answers, 'utf8')
      .split(/^@.*\n/m)
      .slice(1)
    if (parts.length !== lines.length) throw new Error(`${shell} answered ${parts.length} of ${lines.length}`)
    return new Map(parts.map((part, index) => [lines[index] ?? '', part.split('\n').filter((word) => word !== '')]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Asked {
  readonly folder: string
  readonly script: string
  /** Where the answers go: `@` and then a word a line, for each of the lines. */
  readonly answers: string
  readonly lines: readonly string[]
}

const asking: Readonly<Record<Shell, (asked: Asked) => void>> = { bash: askBash, zsh: askZsh, fish: askFish }

function askBash({ folder, script, answers, lines }: Asked): void {
  const program = `. "$1"
    for COMP_LINE in "\${@:3}"; do
      read -ra COMP_WORDS <<<"$COMP_LINE"
      [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
      COMP_POINT=\${#COMP_LINE} COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _ifbalance
      printf '%s\\n' @ "\${COMPREPLY[@]}"
    done >"$2"`
  run('/bin/bash', ['-c', program, 'bash', script, answers, ...lines], folder)
}

function askFish({ folder, script, answers, lines }: Asked): void {
  const program = `source $argv[1]
    for line in $argv[3..]; echo @; complete --do-complete $line | string replace -r '\\t.*' ''; end >$argv[2]; exit 0`
  run('/usr/bin/fish', ['--no-config', '-c', program, script, answers, ...lines], folder)
}

/** Only zsh's line editor completes, and it wants a terminal. Its own function would show what compadd is given. */
function askZsh({ folder, answers, lines }: Asked): void {
  writeFileSync(join(folder, 'lines'), lines.map((line) => `${line}\n`).join(''))
  writeFileSync(
    join(folder, '.zshrc'),
    `fpath=(${folder} $fpath)
    autoload -Uz compinit && compinit -u -D
    compadd() {
      # Asked only to fill an array: nothing is offered yet.
      if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return; fi
      local -a hits
      builtin compadd -O hits "$@"
      print -rl -- $hits >>${answers}
      builtin compadd "$@"
    }
    zle -C offer list-choices _main_complete
    zle-line-init() {
      for BUFFER in "\${(@f)$(<${folder}/lines)}"; do
        CURSOR=\${#BUFFER}
        print @ >>${answers}
        zle offer
      done
      exit 0
    }
    zle -N zle-line-init
    `,
  )
  run('/usr/bin/script', ['-qec', '/usr/bin/zsh -i', '/dev/null'], folder)
}

function run(program: string, args: readonly string[], folder: string): void {
  const env = { PATH: `${folder}:/usr/bin:/bin`, HOME: folder, ZDOTDIR: folder, TERM: 'dumb', LC_ALL: 'C.UTF-8' }
  execFileSync(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
}
