/** argv -> entry point. The only place that exits. */
import { asksForHelp, isHelp } from './cli/command.ts'
import { usageError } from './cli/usage-error.ts'
import { commands } from './commands/list.ts'
import { codeOf, Failure, hasCode } from './os/error.ts'
import { log, messageOf } from './os/log.ts'
import { getOwn } from './values/get-own.ts'

async function main([word = '', ...args]: readonly string[]): Promise<number> {
  const command = getOwn(commands, word)
  if (isHelp(word) || (command !== undefined && asksForHelp(command, args))) return help()
  if (word === '--version' || word === '-V') return printVersion()
  return command?.start(args) ?? usageError(word, Object.keys(commands))
}

async function help(): Promise<number> {
  const { usage } = await import('./cli/usage.ts')
  process.stdout.write(usage(commands))
  return 0
}

async function printVersion(): Promise<number> {
  const { version } = await import('./values/version.ts')
  process.stdout.write(`ifbalance ${version}\n`)
  return 0
}

/** Ignores a reader that went away (`ifbalance apply | head -1`): no reason to stop halfway. */
function ignoreClosedPipe(error: Error): void {
  if (!hasCode(error, 'EPIPE')) fail(new Failure('output', `writing the output: ${messageOf(error)}`))
}

function fail(error: unknown): never {
  const code = codeOf(error)
  log.event({ event: 'fatal', ...(code !== undefined && { code }), reason: messageOf(error) })
  process.exit(1)
}

// `exec` becomes another command, which must not find pipes that do not block (see cli/become.ts): even touching the
// streams would make them so.
if (process.argv[2] !== 'exec')
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe)
process.on('uncaughtException', fail)
// Exiting waits a tick, in which a failed write to standard output (disk full) is told.
main(process.argv.slice(2)).then((code) => setImmediate(() => process.exit(code)), fail)
