/** `ifbalance log`: what became of the uplinks, from the journal. */
import { existsSync } from 'node:fs'
import { knownName } from '../cli/known-name.ts'
import { journalArgs, logLine } from '../cli/log-text.ts'
import { paint, print } from '../cli/output.ts'
import { readTime, timeWords } from '../cli/points-in-time.ts'
import { complain } from '../cli/usage-error.ts'
import { optionalPrograms } from '../layout.ts'
import { follow as followProgram } from '../os/follow.ts'
import { log } from '../os/log.ts'

interface Call {
  readonly words: readonly string[]
  readonly since: string | undefined
  readonly follow: boolean
}

/** Resolves with the exit code: 1 where there is no journal, or it may not be read. */
export async function run({ words, since: from = '24h', follow }: Call): Promise<number> {
  if (words.length > 1) return complain('expected one uplink at most')
  const since = readTime(from, Date.now() / 1000)
  if (since === null) return complain(`--since takes ${timeWords}`)
  const { journalctl } = optionalPrograms
  if (!existsSync(journalctl)) {
    log.error(`log: ${journalctl} is not there; without systemd the log is where syslog has it`)
    return 1
  }
  const uplink = words[0] === undefined ? null : knownName(words[0])
  const { promise: ended, resolve: end } = Promise.withResolvers<number>()
  let complaints = 0
  const stop = followProgram(journalctl, journalArgs({ uplink, since, follow }), {
    onLine: (line) => {
      const text = logLine(line, paint)
      if (text !== null) print(text)
    },
    onErrorLine: (line) => {
      complaints += 1
      log.warning(line)
    },
    // journalctl(1) may end with 1 where nothing matches.
    onEnd: ({ exitCode }) => end(exitCode === 0 || (exitCode === 1 && complaints === 0) ? 0 : 1),
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end(0))
  process.stdout.on('error', () => end(0))
  const code = await ended
  stop()
  return code
}
