/** `ifbalance top`: the uplinks, what they carry and for whom, as it happens; once where there is no terminal. */
import { setTimeout } from 'node:timers/promises'
import { type CurrentStatus, currentStatus } from '../cli/current-status.ts'
import { paint, print, terminalWidth } from '../cli/output.ts'
import { addLook, noRates } from '../cli/rates.ts'
import { isRoot } from '../cli/root.ts'
import { addRuleLook, busiestRules } from '../cli/rule-rates.ts'
import { openScreen } from '../cli/screen.ts'
import { type TopState, topLines } from '../cli/top-text.ts'
import { createClients } from '../kernel/conntrack/clients.ts'
import { createCounter } from '../kernel/conntrack/count.ts'
import { eachEntry } from '../kernel/conntrack/entry.ts'
import { readCounters } from '../kernel/devices/counters.ts'
import { messageOf, sendLogTo, toStandardError } from '../os/log.ts'
import { connectionsOf } from '../status/connections.ts'

/** A picture each second; the host is looked at, and connections are counted, with pauses that let it live. */
const drawMs = 1000
const lookMs = 1000
const countMs = 3000
/** A pause takes so many times as long as what was done: a full table takes seconds to count. */
const pauseFactor = 5
const mostClients = 200

type Counts = Pick<TopState, 'connections' | 'clients'>

/** Resolves with 0 when somebody has typed q, or has ended it. */
export async function run(): Promise<number> {
  const first = await currentStatus()
  if (!process.stdin.isTTY || !process.stdout.isTTY || process.env['TERM'] === 'dumb') return once(first)
  let { status, config } = first
  let ruleLooks = addRuleLook([], status.rules ?? [], performance.now())
  let counts: Counts = { connections: null, clients: [] }
  let rates = addLook(noRates, readCounters(), performance.now())
  const standing = isRoot() ? null : 'Connections are counted for root alone.'
  let note = standing
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end())
  process.stdout.on('error', () => end())
  const stop = new AbortController()
  const screen = openScreen((key) => quits.includes(key) && end(), draw)
  // Messages would be written across the picture; the last one of all has to be there when that is gone.
  sendLogTo((line) => {
    if (line.event?.event !== 'fatal') note = line.message
    else {
      screen.close()
      toStandardError(line)
    }
  })

  function draw(): void {
    const rules = busiestRules(ruleLooks)
    screen.draw(topLines({ now: Date.now(), status, rates, ...counts, rules, note }, screen.size(), paint))
  }

  const looks = repeat(lookMs, stop.signal, async () => {
    note = standing
    ;({ status, config } = await currentStatus())
    ruleLooks = addRuleLook(ruleLooks, status.rules ?? [], performance.now())
  })
  const counting = repeat(countMs, stop.signal, async () => {
    if (isRoot()) counts = await count({ status, config })
  })
  const drawing = setInterval(() => {
    rates = addLook(rates, readCounters(), performance.now())
    draw()
  }, drawMs)
  draw()
  await ended
  stop.abort()
  clearInterval(drawing)
  screen.close()
  sendLogTo(toStandardError)
  void Promise.all([looks, counting])
  return 0

  /** Does it again and again. What it has thrown is told, and not the end. */
  async function repeat(everyMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      const began = performance.now()
      await work().catch((error: unknown) => {
        note = messageOf(error)
      })
      const took = performance.now() - began
      await setTimeout(Math.max(everyMs, pauseFactor * took), undefined, { signal }).catch(() => undefined)
    }
  }
}

/** q, Ctrl-C and Ctrl-D. */
const quits = ['q', 'Q', '\u0003', '\u0004'] as const as readonly string[]

async function once(first: CurrentStatus): Promise<number> {
  const looks = addRuleLook([], first.status.rules ?? [], performance.now())
  const before = addLook(noRates, readCounters(), performance.now())
  const counts = isRoot() ? await count(first) : { connections: null, clients: [] }
  await setTimeout(drawMs)
  const rates = addLook(before, readCounters(), performance.now())
  const { status } = await currentStatus()
  const rules = busiestRules(addRuleLook(looks, status.rules ?? [], performance.now())).slice(0, 10)
  const size = { columns: terminalWidth(), rows: Number.POSITIVE_INFINITY }
  const clients = counts.clients.slice(0, 10)
  print(topLines({ now: Date.now(), status, rates, ...counts, clients, rules, note: null }, size, paint).join('\n'))
  return 0
}

/** Both in one walk through the table of each family. */
async function count({ status, config }: Pick<CurrentStatus, 'status' | 'config'>): Promise<Counts> {
  const clients = createClients(config.layout)
  const walk = async (family: 'inet' | 'inet6') => {
    const counter = createCounter(config.layout)
    await eachEntry(family, ['--output', 'extended'], (line) => {
      counter.add(line)
      clients.add(line)
    })
    return counter.counted
  }
  const inet = await walk('inet')
  const inet6 = await walk('inet6')
  return { connections: connectionsOf(status.uplinks, { inet, inet6 }, []), clients: clients.busiest(mostClients) }
}
