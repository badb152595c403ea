/** Waits for routing to change in a namespace, told by the kernel itself. */
import { readFileSync } from 'node:fs'
import { monotonicMs, type Running, start } from './command.ts'
import { patienceMs } from './patience.ts'

export interface Monitor {
  /** Resolves to the time (ms, CLOCK_MONOTONIC) of the first line that `accept` takes, also one from before. */
  seen(accept: (line: string) => boolean, what: string, timeoutMs?: number): Promise<number>
  stop(): Promise<void>
}

/** Starts to listen; what happens from the return of this on is not missed. */
export async function monitorRoutes(namespace: string): Promise<Monitor> {
  const running: Running = await start([
    '/usr/bin/stdbuf',
    '-oL',
    '/usr/sbin/ip',
    '-n',
    namespace,
    'monitor',
    'route',
    'rule',
  ])
  await untilSubscribed(running.pid)
  const lines: { readonly text: string; readonly at: number }[] = []
  const listeners = new Set<() => void>()
  running.onLine((text) => {
    lines.push({ text, at: monotonicMs() })
    for (const listener of listeners) listener()
  })
  return {
    seen: (accept, what, timeoutMs = patienceMs) =>
      new Promise((resolve, reject) => {
        const end = () => {
          clearTimeout(timer)
          listeners.delete(look)
        }
        const timer = setTimeout(() => {
          end()
          const last = lines.slice(-10).map(({ text }) => text)
          reject(new Error(`waiting for ${what}: not seen in ${timeoutMs} ms; the last lines:\n${last.join('\n')}`))
        }, timeoutMs)
        const look = () => {
          const line = lines.find(({ text }) => accept(text))
          if (line === undefined) return
          end()
          resolve(line.at)
        }
        listeners.add(look)
        look()
      }),
    stop: () => running.stop(),
  }
}

/** proc(5): /proc/net/netlink lists each socket with its owner and the groups that it has joined. */
async function untilSubscribed(pid: number): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    const sockets = readFileSync(`/proc/${pid}/net/netlink`, 'utf8').split('\n')
    const fields = sockets.map((line) => line.trim().split(/\s+/))
    if (
      fields.some(
        ([, protocol, owner, groups]) => protocol === '0' && owner === String(pid) && Number(`0x${groups}`) > 0,
      )
    )
      return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('starting ip monitor: it did not subscribe')
}
