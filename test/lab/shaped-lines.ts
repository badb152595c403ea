/** Lines of so many Mbit/s, made where the provider has them: a queue of 50 ms before each end. */
import { command } from './command.ts'

interface Provider {
  readonly namespace: string
}

/** Mbit/s, down and up. */
export async function shape({ namespace }: Provider, down: number, up: number = down): Promise<void> {
  for (const [device, mbit] of [['sub', down] as const, ['core', up] as const]) {
    const line = ['tbf', 'rate', `${mbit}mbit`, 'burst', '32k', 'latency', '50ms']
    await command(['/usr/sbin/tc', '-n', namespace, 'qdisc', 'replace', 'dev', device, 'root', ...line])
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
      const queues: readonly { kind: string; bytes: number }[] = JSON.parse(stdout)
      return queues.find(({ kind }) => kind === 'tbf')?.bytes ?? Number.NaN
    }),
  )
}
