/**
 * Opens new TCP connections and prints a JSON line for each as it ends:
 * { at, took, peer } or { at, took, error }, times in milliseconds of CLOCK_MONOTONIC. The error is TIMEOUT where the other end's
 * kernel has not taken the connection in time, and NO ANSWER where nothing ever came of it: the process there may stand still for
 * seconds, as a CPU of a virtual machine does (1.6 s were seen, with all that had real-time priority there), and says nothing
 * of the way.
 *
 * Arguments, one JSON object: { host, port, count, everyMs, timeoutMs, localAddress? }. With everyMs 0 one connection
 * follows the other; otherwise one is started every so many milliseconds, whatever became of the others. SIGTERM: none is started
 * any more.
 */
import { connect } from 'node:net'
import { monotonicMs } from '../command.ts'
import { patienceMs } from '../patience.ts'

interface Plan {
  readonly host: string
  readonly port: number
  readonly count: number
  readonly everyMs: number
  readonly timeoutMs: number
  readonly localAddress?: string
}

let isOver = false
process.once('SIGTERM', () => {
  isOver = true
})

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
      clearTimeout(limit)
      socket.destroy()
      process.stdout.write(`${JSON.stringify({ at, took: monotonicMs() - at, ...result })}\n`)
      resolve()
    }
    let limit: NodeJS.Timeout | undefined
    const failAfter = (ms: number, error: string) => {
      clearTimeout(limit)
      // Immediates run after sockets were read: what lies there while a late timer rings has come in time.
      const own = setTimeout(() => setImmediate(() => limit === own && end({ error })), ms)
      limit = own
    }
    failAfter(plan.timeoutMs, 'TIMEOUT')
    socket.on('connect', () => failAfter(patienceMs, 'NO ANSWER'))
    socket.on('data', (data) => {
      answer += data.toString()
    })
    socket.on('end', () => end({ peer: answer.trim() }))
    socket.on('error', (error: NodeJS.ErrnoException) => end({ error: error.code ?? error.message }))
  })
}

if (plan.everyMs === 0) {
  for (let i = 0; i < plan.count && !isOver; i++) await attempt()
} else {
  const begun = monotonicMs()
  const pending: Promise<void>[] = []
  for (let i = 0; i < plan.count && !isOver; i++) {
    const wait = begun + i * plan.everyMs - monotonicMs()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    pending.push(attempt())
  }
  await Promise.all(pending)
}
