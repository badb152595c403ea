/** Flows through the world of world.ts, all asked by one process: see flows.py. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Family } from '../../../src/net/family.ts'

export interface Flow {
  readonly id: string
  readonly namespace: string
  readonly family: Family
  readonly protocol: 'udp' | 'tcp'
  readonly destination: string
  readonly port: number
  readonly unconnected?: true
  readonly device?: string
  readonly source?: string
  readonly mark?: number
}

/** Who answered, and what that one saw as the client's address; null without an answer. */
export interface Fate {
  readonly id: string
  readonly where: string | null
  readonly peer: string | null
  readonly error: string | null
}

export interface Flows {
  readonly serve: (namespaces: readonly string[], port: number) => Promise<void>
  /** Opens flows and says what became of each, as soon as all have an answer and after so many seconds at the latest. */
  readonly open: (flows: readonly Flow[], seconds: number) => Promise<readonly Fate[]>
  /** Asks once more by the same sockets. */
  readonly ask: (ids: readonly string[], seconds: number) => Promise<readonly Fate[]>
  readonly close: (ids: readonly string[]) => Promise<void>
  readonly end: () => void
}

export function startFlows(): Flows {
  const child = spawn('/usr/bin/python3', [`${import.meta.dirname}/flows.py`], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: ((line: string) => void)[] = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line))
  const request = (body: object): Promise<readonly Fate[]> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    waiting.push(resolve)
    child.once('exit', reject)
    child.stdin.write(`${JSON.stringify(body)}\n`)
    return promise.finally(() => child.off('exit', reject)).then((line) => JSON.parse(line))
  }
  return {
    serve: async (namespaces, port) => void (await request({ op: 'serve', namespaces, port })),
    open: (flows, seconds) => request({ op: 'open', flows, seconds }),
    ask: (ids, seconds) => request({ op: 'ask', ids, seconds }),
    close: async (ids) => void (await request({ op: 'close', ids })),
    end: () => child.stdin.end(),
  }
}
