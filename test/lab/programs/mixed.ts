/**
 * Connections of several kinds that go on until they are ended. `serve PORT` answers each by its first byte: `d` gets 700 bytes
 * every 20 ms without end, `e` gets back what it says. `open PLAN` opens what the plan says, a JSON list of
 * { kind, count, host, port }, and prints `open` when each has been answered:
 *
 * - `download` is sent something all the time, `echo` says something every 20 ms,
 * - `idle` says nothing unless it is asked for a report.
 *
 * SIGUSR2 asks for a report: one JSON line, a list of { kind, count, broken, silenceMs, errors }. Broken is what has ended, and
 * what brings nothing within ten seconds of the question. `silenceMs` is the longest time since the last report in which a
 * connection, that is not broken, brought nothing.
 */
import { connect, createServer } from 'node:net'
import { monotonicMs } from '../command.ts'

interface Plan {
  readonly kind: 'download' | 'echo' | 'idle'
  readonly count: number
  readonly host: string
  readonly port: number
}

interface Connection {
  readonly kind: Plan['kind']
  readonly say: () => void
  heardAt: number
  /** How often it brought something. */
  heard: number
  silenceMs: number
  error: string | null
}

const everyMs = 20
const latestMs = 10_000
const [role, what = ''] = process.argv.slice(2)
if (role === 'serve') serve(Number(what))
else await hold(JSON.parse(what))

function serve(port: number): void {
  const server = createServer((socket) => {
    let sending: NodeJS.Timeout | undefined
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => clearInterval(sending))
    socket.once('data', (first) => {
      if (first[0] === 0x64) sending = setInterval(() => socket.write(Buffer.alloc(700)), everyMs)
      else socket.write(first)
      if (first[0] !== 0x64) socket.on('data', (data) => socket.write(data))
    })
  })
  server.listen({ port, host: '::', backlog: 512 }, () => process.stdout.write('ready\n'))
}

function open({ kind, host, port }: Plan): Connection {
  const socket = connect({ host, port, noDelay: true })
  const connection: Connection = {
    ...{ kind, heardAt: monotonicMs(), heard: 0, silenceMs: 0, error: null },
    say: () => void (connection.error === null && socket.write('e')),
  }
  const fail = (error: string) => {
    connection.error ??= error
  }
  socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message))
  socket.on('close', () => fail('closed'))
  socket.on('data', () => {
    const now = monotonicMs()
    if (kind !== 'idle') connection.silenceMs = Math.max(connection.silenceMs, now - connection.heardAt)
    connection.heardAt = now
    connection.heard += 1
  })
  socket.write(kind === 'download' ? 'd' : 'e')
  if (kind === 'echo') setInterval(connection.say, everyMs)
  return connection
}

async function hold(plans: readonly Plan[]): Promise<void> {
  const all = plans.flatMap((plan) => Array.from({ length: plan.count }, () => open(plan)))
  const untilHeard = async (since: readonly number[], until: number) => {
    const isWaited = (one: Connection, index: number) => one.error === null && one.heard <= (since[index] ?? 0)
    while (all.some(isWaited) && monotonicMs() < until) await new Promise((resolve) => setTimeout(resolve, 10))
    return all.map((one, index) => one.error !== null || isWaited(one, index))
  }
  await untilHeard([], monotonicMs() + latestMs)
  for (const one of all) one.silenceMs = 0
  process.stdout.write('open\n')
  let isAsked = false
  process.on('SIGUSR2', () => {
    isAsked = true
  })
  for (;;) {
    while (!isAsked) await new Promise((resolve) => setTimeout(resolve, 10))
    isAsked = false
    // What was on its way may have come after the question: twice is sure.
    const since = all.map(({ kind, heard }) => (kind === 'idle' ? heard : heard + 1))
    for (const one of all.filter(({ kind }) => kind === 'idle')) one.say()
    const broken = await untilHeard(since, monotonicMs() + latestMs)
    const report = [...new Set(plans.map(({ kind }) => kind))].map((kind) => {
      const own = all.map((one, index) => ({ ...one, isBroken: broken[index] })).filter((one) => one.kind === kind)
      const lost = own.filter(({ isBroken }) => isBroken)
      return {
        ...{ kind, count: own.length, broken: lost.length },
        silenceMs: Math.max(0, ...own.filter(({ isBroken }) => !isBroken).map(({ silenceMs }) => silenceMs)),
        errors: [...new Set(lost.map(({ error }) => error ?? 'silent'))],
      }
    })
    for (const one of all) one.silenceMs = 0
    process.stdout.write(`${JSON.stringify(report)}\n`)
  }
}
