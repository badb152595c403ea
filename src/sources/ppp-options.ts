/** What pppd was asked for, which it does not tell its hooks: whether for a default route, and as which line. */
import { readIfThere } from '../os/files.ts'
import { log } from '../os/log.ts'
import { digest } from '../values/digest.ts'
import type { Environment } from './hook-event.ts'

/**
 * The environment of pppd's hook, with PPP_DEFAULTROUTE `yes` or `no` by pppd's files and arguments, and PPP_LINE where
 * pppd runs: two lines have other arguments, or other names (`linkname`). Never throws.
 */
export function withPppOptions(env: Environment): Environment {
  const isPid = /^\d{1,7}$/.test(env['PPPD_PID'] ?? '')
  const args = isPid ? argumentsOf(env['PPPD_PID'] ?? '') : []
  const terminal = (env['DEVICE'] ?? '').replace(/^\/dev\//, '').replaceAll('/', '.')
  const words = [
    ...['file', '/etc/ppp/options', 'call', env['CALL_FILE'] ?? '', ...args],
    // pppd reads this one last.
    ...['file', `/etc/ppp/options.${terminal}`],
  ]
  const line = env['LINKNAME'] ?? args.filter((arg) => !arg.startsWith(networkManager)).join('\0')
  return {
    ...env,
    PPP_DEFAULTROUTE: asksForDefaultRoute(withFiles(words, textOf)) ? 'yes' : 'no',
    ...(line !== '' && { PPP_LINE: digest(line) }),
  }
}

/** How the argument begins by which NetworkManager tells one dial from the next (`ipparam`). */
const networkManager = '/org/freedesktop/NetworkManager/'

/** The arguments of a process, its program first; one empty text where there is no such process. */
export function argumentsOf(pid: string): readonly string[] {
  return textOf(`/proc/${pid}/cmdline`).split('\0')
}

/** Whether pppd's options, in their order, ask for a default route; the last one counts. */
export function asksForDefaultRoute(words: readonly string[]): boolean {
  return words.findLast((word) => /^(-|no)?defaultroute$/.test(word)) === 'defaultroute'
}

/** How many option files are read. Nobody has more, and files may name themselves. */
const maxFiles = 32

/**
 * The options with those of the files that they name (`file PATH`, `call NAME`), also within such files: pppd reads
 * them where they are named.
 */
export function withFiles(words: readonly string[], read: (path: string) => string): readonly string[] {
  let left = maxFiles
  const expand = (some: readonly string[]): readonly string[] =>
    some.flatMap((word, index) => {
      const path = pathOf(some[index - 1], word)
      return path === null || left-- <= 0 ? [word] : [word, ...expand(wordsOf(read(path)))]
    })
  return expand(words)
}

/** The file that an option names, or null. Only files in pppd's own folder are read, as users may name files, too. */
function pathOf(option: string | undefined, value: string): string | null {
  const isPlain = /^[A-Za-z0-9/][A-Za-z0-9_./-]{0,200}$/.test(value) && !value.includes('..')
  if (!isPlain) return null
  if (option === 'call') return value.startsWith('/') ? null : `/etc/ppp/peers/${value}`
  return option === 'file' && value.startsWith('/etc/ppp/') ? value : null
}

function wordsOf(text: string): readonly string[] {
  return text.replaceAll(/#.*/g, '').split(/["'\s]+/)
}

function textOf(path: string): string {
  try {
    return readIfThere(path, 64 * 1024) ?? ''
  } catch (error) {
    log.failure('reading', "pppd's options", error)
    return ''
  }
}
