/** Everything that the lab makes is undone through one stack, in reverse order, also on failure and on signals. */

type Undo = () => Promise<unknown> | undefined

export interface Disposer {
  /** Remembers how to undo what was just made. */
  defer(what: string, undo: Undo): void
  /** Undoes everything, last first; a failure does not keep the rest from being undone, and is thrown at the end. */
  dispose(): Promise<void>
}

const alive = new Set<Disposer>()
let interrupted = false

export function disposer(): Disposer {
  const stack: { readonly what: string; readonly undo: Undo }[] = []
  const self: Disposer = {
    defer: (what, undo) => {
      stack.push({ what, undo })
      // Whoever is still making things stops here, and this last one is undone, too.
      if (interrupted) throw new Error(`making ${what}: interrupted`)
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
    // Not `once`: execa's own listener ends the process when it finds itself alone.
    process.on(signal, () => {
      if (interrupted) return
      interrupted = true
      // What was under way now fails, as its machine is taken from under it; that must not end us before we are done.
      process.on('uncaughtException', () => {})
      void disposeAll().finally(() => process.exit(code))
    })
  }
}

/** Twice: a command that ran when the signal came has made its thing by then. */
async function disposeAll(): Promise<void> {
  const all = [...alive].reverse()
  for (const pause of [200, 0]) {
    for (const result of await Promise.allSettled(all.map((one) => one.dispose()))) {
      if (result.status === 'rejected') process.stderr.write(`${result.reason}\n`)
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
