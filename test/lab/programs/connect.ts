/**
 * Opens new TCP connections and prints a JSON line for each as it ends:
 * { at, took, peer } or { at, took, error }, times in milliseconds of CLOCK_MONOTONIC. The error is NO ANSWER where the other end's
 * kernel took the connection, and nothing came of it in time.
 *
 * Arguments, one JSON object: { host, port, count, everyMs, timeoutMs, localAddress? }. With everyMs 0 one connection
 * follows the other; otherwise one is started every so many milliseconds, whatever became of the others.
 */
import { connect } from 'node:net'
import { monotonicMs } from '../command.ts'

interface Plan {
  readonly host: string
  readonly port: number
  readonly count: number
  readonly everyMs: number
  readonly timeoutMs: number
  readonly localAddress?: string
}

const plan: Plan = JSON.parse(process.argv[2] ?? '{}')

function attempt(): Promise<void> {
  const at = monotonicMs()
  return new Promise((resolve) => {
    const { host, port, localAddress } = plan
    const socket = connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) })
    let answer = ''
    let done = false
    const end = (result: { readonly peer: string } | { readonly error: string }) => {
      if (done) return
      done = true
      clearTimeout(timer)
      socket.destroy()
      process.stdout.write(`${JSON.stringify({ at, took: monotonicMs() - at, ...result })}\n`)
      resolve()
    }
    // Immediates run after sockets were read: what lies there while a late timer rings has come in time.
    let isThrough = false
    socket.on('connect', () => {
      isThrough = true
    })
    const timer = setTimeout(
      () => setImmediate(() => end({ error: isThrough ? 'NO ANSWER' : 'TIMEOUT' })),
      plan.timeoutMs,
    )
    socket.on('data', (data) => {
      answer += data.toString()
    })
    socket.on('end', () => end({ peer: answer.trim() }))
    socket.on('error', (error: NodeJS.ErrnoException) => end({ error: error.code ?? error.message }))
  })
}

if (plan.everyMs === 0) {
  for (let i = 0; i < plan.count; i++) await attempt()
} else {
  const begun = monotonicMs()
  const pending: Promise<void>[] = []
  for (let i = 0; i < plan.count; i++) {
    const wait = begun + i * plan.everyMs - monotonicMs()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    pending.push(attempt())
  }
  await Promise.all(pending)
}
