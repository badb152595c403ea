/**
 * How machines are, for whoever has a failed test's output alone: what the daemon said, rules, routes and our ruleset.
 * They enter themselves here; test/room/witness.ts, which knows of failures, has them told.
 */

export interface Watched {
  readonly name: string
  /** Runs a program there and gives what it printed, whatever its exit code. */
  readonly exec: (argv: readonly string[]) => Promise<string>
  /** What the daemon said, newest last. */
  readonly said: () => Promise<readonly string[]>
}

const watched = new Set<Watched>()
let beforeEnd: () => Promise<void> = async () => undefined
const widest = 200

/** From now on this machine is told of when a test fails. Returns what has to be called before it ends. */
export function watch(machine: Watched): () => Promise<void> {
  watched.add(machine)
  return async () => {
    await beforeEnd()
    watched.delete(machine)
  }
}

/** `look` is called before a machine ends. */
export function onEnd(look: () => Promise<void>): void {
  beforeEnd = look
}

/** All machines that there are now, in so many lines together. Never throws. */
export async function tellAll(lines: number): Promise<readonly string[]> {
  const each = Math.floor(lines / Math.max(1, watched.size)) - 1
  return (await Promise.all([...watched].map((machine) => tell(machine, each)))).flat()
}

async function tell({ name, exec, said }: Watched, lines: number): Promise<readonly string[]> {
  const ask = async (...argv: readonly string[]) => {
    const text = await exec(argv).catch((error: unknown) => `${argv.join(' ')}: ${error}`)
    return text.split('\n').filter((line) => line.trim() !== '')
  }
  const ofBoth = async (...words: readonly string[]) =>
    (await Promise.all(['-4', '-6'].map((family) => ask('/usr/sbin/ip', family, ...words)))).flat()
  const parts = [
    (await said().catch(() => [])).slice(-lines),
    await ofBoth('rule', 'show'),
    (await ofBoth('route', 'show', 'table', 'all')).filter((line) => /default|table 30\d{3}/.test(line)),
    (await ask('/usr/sbin/nft', '--terse', 'list', 'table', 'inet', 'ifbalance')).filter((line) =>
      /[io]if |chain/.test(line),
    ),
  ]
  const share = Math.floor(lines / parts.length)
  const told = parts.map((part, index) => (index === 0 ? part.slice(-share) : part.slice(0, share)))
  return [`-- ${name}`, ...told.flat().map((line) => line.slice(0, widest))]
}
