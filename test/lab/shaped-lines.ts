/** Lines of so many Mbit/s, made where the provider has them: a queue before each end. */
import { command } from './command.ts'

interface Provider {
  readonly namespace: string
}

export interface Path {
  /** One queue of 50 ms for all (tbf), or one for each transfer, as short as they need it (CAKE, which Debian's own kernels have). */
  readonly queue: 'tbf' | 'cake'
  /** How far away the other end is, in ms one way (netem, of Debian's kernels as well). */
  readonly delayMs?: number
}

const queues = {
  tbf: (mbit: number) => ['tbf', 'rate', `${mbit}mbit`, 'burst', '32k', 'latency', '50ms'],
  cake: (mbit: number) => ['cake', 'bandwidth', `${mbit}mbit`],
} as const

/** Mbit/s, down and up. */
export async function shape(
  { namespace }: Provider,
  down: number,
  up: number = down,
  { queue, delayMs }: Path = { queue: 'tbf' },
): Promise<void> {
  const tc = (...args: readonly string[]) => command(['/usr/sbin/tc', '-n', namespace, 'qdisc', 'replace', ...args])
  for (const [device, mbit] of [['sub', down] as const, ['core', up] as const]) {
    if (delayMs !== undefined) await tc('dev', device, 'root', 'handle', '1:', 'netem', 'delay', `${delayMs}ms`)
    await tc('dev', device, ...(delayMs === undefined ? ['root'] : ['parent', '1:1']), ...queues[queue](mbit))
  }
}

/** Of each, bytes so far: what the lines have let through. */
export async function carriedBytes(
  providers: readonly Provider[],
  way: 'down' | 'up' = 'down',
): Promise<readonly number[]> {
  const device = way === 'down' ? 'sub' : 'core'
  return Promise.all(
    providers.map(async ({ namespace }) => {
      const { stdout } = await command(['/usr/sbin/tc', '-n', namespace, '-s', '-j', 'qdisc', 'show', 'dev', device])
      const shown: readonly { kind: string; bytes: number }[] = JSON.parse(stdout)
      return shown.find(({ kind }) => Object.hasOwn(queues, kind))?.bytes ?? Number.NaN
    }),
  )
}
