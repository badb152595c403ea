/** argv -> entry point. The only place that exits. */
import { usageError } from './cli/usage-error.ts'
import { Failure, hasCode } from './os/error.ts'
import { log, messageOf } from './os/log.ts'

interface Entry {
  /** Gives the exit code: 0 all well, 1 a problem, 2 called wrongly. */
  readonly run: (args: readonly string[]) => Promise<number>
}

/** Each loaded only when it is called: a hook must not pay for what the daemon imports. */
const entries: Readonly<Record<string, () => Promise<Entry>>> = {
  status: () => import('./commands/status.ts'),
  plan: () => import('./commands/plan.ts'),
  apply: () => import('./commands/apply.ts'),
  check: () => import('./commands/check.ts'),
  reload: () => import('./commands/reload.ts'),
  down: () => import('./commands/down.ts'),
  enable: () => import('./commands/enable.ts'),
  disable: () => import('./commands/disable.ts'),
  monitor: () => import('./commands/monitor.ts'),
  probe: () => import('./commands/probe.ts'),
  connections: () => import('./commands/connections.ts'),
  explain: () => import('./commands/explain.ts'),
  exec: () => import('./commands/exec.ts'),
  daemon: () => import('./commands/daemon.ts'),
  hook: () => import('./commands/hook.ts'),
}

async function main([command = '', ...args]: readonly string[]): Promise<number> {
  const entry = Object.hasOwn(entries, command) ? entries[command] : undefined
  // What follows the uplink's name is not for us.
  const words = command === 'exec' ? args.slice(0, 1) : args
  if (isHelp(command) || (entry !== undefined && command !== 'hook' && words.some(isHelp))) return help()
  if (command === '--version' || command === '-V') return printVersion()
  if (entry !== undefined) return (await entry()).run(args)
  return usageError(command, Object.keys(entries))
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h'
}

async function help(): Promise<number> {
  const { usage } = await import('./cli/usage.ts')
  process.stdout.write(usage)
  return 0
}

async function printVersion(): Promise<number> {
  const { version } = await import('./values/version.ts')
  process.stdout.write(`ifbalance ${version}\n`)
  return 0
}

/** A reader that went away (`ifbalance apply | head -1`) is no reason to stop halfway. */
function ignoreClosedPipe(error: Error): void {
  if (!hasCode(error, 'EPIPE')) fail(new Failure('output', `writing the output: ${messageOf(error)}`))
}

function fail(error: unknown): never {
  log.error(messageOf(error))
  process.exit(1)
}

// Not where the command that we become would find pipes that do not block: see cli/become.ts.
if (process.argv[2] !== 'exec')
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe)
process.on('uncaughtException', fail)
// Not at once: a failed write to standard output (disk full) is told in the next tick.
main(process.argv.slice(2)).then((code) => setImmediate(() => process.exit(code)), fail)
