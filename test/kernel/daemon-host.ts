/** A host of its own for daemon and hooks: fresh namespaces with two uplinks, an empty /run and an own /etc/ifbalance. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { checkPrinted } from '../json.ts'
import { patienceMs } from '../lab/patience.ts'
import { program } from '../lab/program.ts'
import { type Options, type Result, run } from '../lab/run.ts'
import { watch } from '../lab/witness.ts'
import { createTranscript, eventsToo, type Fields, type Transcript } from './transcript.ts'

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/**
 * /usr/sbin/ifbalance, which the hooks want, starts the sources. /etc and /usr/sbin are covered, so that nothing of this
 * machine is touched; /sys shows this host's links. `isp1` and `isp2` are the other ends of the uplinks: taking one down
 * is what carrier loss is.
 */
const prepare = `set -e
mount -t tmpfs t /run
mkdir -p /var/lib/ifbalance
mount -t tmpfs t /var/lib/ifbalance
mkdir -p /run/upper/etc /run/work/etc /run/upper/sbin /run/work/sbin /run/upper/lib/ifbalance /run/work/lib /run/dbus
mount -t overlay -o lowerdir=/etc,upperdir=/run/upper/etc,workdir=/run/work/etc overlay /etc
mount -t sysfs sysfs /sys
mount -t overlay -o lowerdir=/usr/sbin,upperdir=/run/upper/sbin,workdir=/run/work/sbin overlay /usr/sbin
cp "$3" /run/upper/lib/ifbalance/tell
mount -t overlay -o lowerdir=/usr/lib,upperdir=/run/upper/lib,workdir=/run/work/lib overlay /usr/lib
mkdir -p /etc/ifbalance/conf.d
printf '[balance]\\nprobe = none\\n' >/etc/ifbalance/conf.d/00-nothing-answers-here.conf
printf '#!/bin/sh\\nexec "%s" "%s" "$@"\\n' "$1" "$2" >/usr/sbin/ifbalance
chmod 755 /usr/sbin/ifbalance
ip link set lo up
for i in 1 2; do
  ip link add wan$i type veth peer name isp$i
  ip address add 10.$i.0.2/24 dev wan$i
  ip link set wan$i up
  ip link set isp$i up
  ip route add default via 10.$i.0.1 dev wan$i metric 10$i
done
echo ready
exec cat`

export interface Host {
  /** Of the process that holds its namespaces: `ip link set DEV netns PID`. */
  readonly pid: number
  /** Runs a program on the host, with nothing of our environment but what is given. */
  readonly run: (argv: readonly string[], env?: Readonly<Record<string, string>>, options?: Options) => Promise<Result>
  /** Runs the hook script of this name, as its caller would. */
  readonly hook: (name: string, env: Readonly<Record<string, string>>) => Promise<Result>
  readonly write: (path: string, text: string) => Promise<void>
  readonly ifbalance: (args: readonly string[]) => Promise<Result>
  /** Starts something that goes on until it is told to stop, or the host ends. */
  readonly start: (argv: readonly string[]) => Running
  readonly daemon: () => Running
  readonly end: () => Promise<void>
}

export interface Running extends Omit<Transcript, 'hear'> {
  readonly pid: number
  /** Waits for a line like this one, from `since` (a count of lines) on, and gives how many lines there were then. */
  readonly says: (pattern: RegExp, since?: number, timeoutMs?: number) => Promise<number>
  /** The same for an event with these fields. */
  readonly tells: (fields: Fields, since?: number, timeoutMs?: number) => Promise<number>
  /** Waits for a round that changed something, after which new connections take exactly these uplinks. */
  readonly balances: (uplinks: readonly string[], since?: number, timeoutMs?: number) => Promise<number>
  readonly signal: (name: NodeJS.Signals) => void
  /** The exit code once it has ended; null when a signal ended it. */
  readonly ended: Promise<number | null>
}

/** What is under test, and the helper of its hooks, where they are not made from the sources. */
interface Installed {
  readonly program: readonly [string, string]
  readonly tell: string
}

export async function startHost(
  { program: argv, tell }: Installed = { program, tell: fromRoot('hooks/tell') },
): Promise<Host> {
  const holder = spawn('/usr/bin/unshare', ['-m', '-n', '/bin/sh', '-c', prepare, 'sh', ...argv, tell], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const started: ChildProcess[] = []
  let said = () => [] as readonly string[]
  await Promise.race([once(holder.stdout, 'data'), failed(holder)])
  const enter = (env: Readonly<Record<string, string>>, argv: readonly string[]) => [
    ...['-t', String(holder.pid), '-m', '-n', '/usr/bin/env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    ...[...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...argv],
  ]
  const host: Host = {
    pid: holder.pid ?? 0,
    run: (argv, env = {}, options = {}) =>
      run('/usr/bin/nsenter', enter(env, argv), { timeoutMs: patienceMs, ...options }),
    hook: (name, env) => {
      // dhclient-script and dhcpcd-run-hooks source theirs.
      const sourced = ['/bin/sh', '-c', '. "$0"', fromRoot(`hooks/${name}`)]
      return host.run(['dhclient', 'dhcpcd'].includes(name) ? sourced : [fromRoot(`hooks/${name}`)], env)
    },
    write: async (path, text) => {
      await host.run(['/usr/bin/tee', path], {}, { input: text })
    },
    ifbalance: async (args) => {
      const result = await host.run(['/usr/sbin/ifbalance', ...args], {}, { accept: [0, 1, 2] })
      checkPrinted(args, result.stdout)
      return result
    },
    start: (argv) => {
      const child = spawn('/usr/bin/nsenter', enter({}, argv), { stdio: ['ignore', 'ignore', 'pipe'] })
      started.push(child)
      return running(child)
    },
    daemon: () => {
      const daemon = host.start(['/usr/bin/env', eventsToo, '/usr/sbin/ifbalance', 'daemon'])
      said = daemon.said
      return daemon
    },
    end: async () => {
      await seen()
      for (const child of started.filter(isAlive)) child.kill('SIGKILL')
      await Promise.all(started.filter(isAlive).map((child) => once(child, 'exit')))
      holder.stdin.end()
      if (isAlive(holder)) await once(holder, 'exit')
    },
  }
  const seen = watch({
    name: 'the host',
    exec: async (argv) => (await host.run(argv, {}, { accept: [0, 1, 2, 255] })).stdout,
    said: async () => said(),
  })
  return host
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

async function failed(child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'exit')
  throw new Error(`preparing the host: exit code ${code}`)
}

/** A program that says on its standard error what it does. */
export function running(child: ChildProcess & { readonly stderr: NonNullable<ChildProcess['stderr']> }): Running {
  const { hear, ...transcript } = createTranscript()
  const { said, told } = transcript
  const waiting = new Set<() => void>()
  createInterface({ input: child.stderr }).on('line', (text) => {
    hear(text)
    for (const look of waiting) look()
  })

  async function until(what: string, isFound: () => boolean, timeoutMs = patienceMs) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = () => (isFound() ? resolve() : undefined)
    const timer = setTimeout(() => reject(new Error(`never said ${what}:\n${said().join('\n')}`)), timeoutMs)
    waiting.add(look)
    look()
    await promise.finally(() => {
      clearTimeout(timer)
      waiting.delete(look)
    })
    return said().length
  }

  const tells: Running['tells'] = (fields, since, timeoutMs) =>
    until(inspect(fields), () => told(fields, since).length > 0, timeoutMs)
  return {
    ...transcript,
    pid: child.pid ?? 0,
    says: (pattern, since = 0, timeoutMs) =>
      until(
        String(pattern),
        () =>
          said()
            .slice(since)
            .some((line) => pattern.test(line)),
        timeoutMs,
      ),
    tells,
    balances: (carrying, since, timeoutMs) => tells({ event: 'round', heldDown: false, carrying }, since, timeoutMs),
    signal: (name) => void child.kill(name),
    ended: once(child, 'exit').then(([code]) => code as number | null),
  }
}

/** As small as the package's program has it: what a heap that may grow has grown to says little. */
export async function keepHeapSmall(host: Host): Promise<void> {
  await host.run(['sed', '-i', 's|^exec "[^"]*"|& --optimize-for-size --max-semi-space-size=1|', '/usr/sbin/ifbalance'])
}
