/** Everything that the lab makes is undone through one stack, in reverse order, also on failure and on signals. */

type Undo = () => Promise<unknown> | undefined

export interface Disposer {
  /** Remembers how to undo what was just made. */
  defer(what: string, undo: Undo): void
  /** Undoes everything, last first; a failure does not keep the rest from being undone, and is thrown at the end. */
  dispose(): Promise<void>
}

const alive = new Set<Disposer>()

export function disposer(): Disposer {
  const stack: { readonly what: string; readonly undo: Undo }[] = []
  const self: Disposer = {
    defer: (what, undo) => {
      stack.push({ what, undo })
    },
    dispose: async () => {
      const failures: Error[] = []
      for (let entry = stack.pop(); entry; entry = stack.pop()) {
        try {
          await entry.undo()
        } catch (cause) {
          failures.push(new Error(`clearing up ${entry.what}: ${cause instanceof Error ? cause.message : cause}`))
        }
      }
      alive.delete(self)
      if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => failure.message).join('\n'))
    },
  }
  if (alive.size === 0) listenForSignals()
  alive.add(self)
  return self
}

let listening = false

function listenForSignals(): void {
  if (listening) return
  listening = true
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  for (const [signal, code] of Object.entries(codes)) {
    process.once(signal, () => {
      const all = [...alive].reverse()
      void Promise.allSettled(all.map((one) => one.dispose())).finally(() => process.exit(code))
    })
  }
}
