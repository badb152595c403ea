/**
 * Asks one name server for a new name every so often, whatever becomes of the questions before, as `{ server, domain,
 * everyMs, timeoutMs }` says. Prints a line of JSON for each answer: `at` and `took` (ms, CLOCK_MONOTONIC), `answer`.
 */
import { Resolver } from 'node:dns/promises'
import { monotonicMs } from '../command.ts'

const { server, domain, everyMs, timeoutMs } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly server: string
  readonly domain: string
  readonly everyMs: number
  readonly timeoutMs: number
}

async function ask(number: number): Promise<void> {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 })
  resolver.setServers([server])
  const at = monotonicMs()
  const answer = await resolver.resolve4(`n${number}.${domain}`).then(String, (error: { code: string }) => error.code)
  process.stdout.write(`${JSON.stringify({ at, took: monotonicMs() - at, answer })}\n`)
}

let number = process.pid * 100_000
void ask(number++)
setInterval(() => void ask(number++), everyMs)
