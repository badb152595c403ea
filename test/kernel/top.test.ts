/** `ifbalance top` on a real terminal, with the daemon at work. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { longPatienceMs } from '../lab/patience.ts'
import { type Host, startHost } from './daemon-host.ts'

const terminal = fileURLToPath(new URL('programs/terminal.py', import.meta.url))

let host: Host

beforeAll(async () => {
  host = await startHost()
  await host.write('/etc/ifbalance/conf.d/rules.conf', '[uplink wan1]\n[rule web]\nport = 80\nuplinks = wan1\n')
  await host.daemon().balances(['wan1', 'wan2'])
  // A client's connection that has left by wan1.
  const entry = '-s 192.168.77.10 -d 192.0.2.9 -p tcp --sport 1000 --dport 80 --state ESTABLISHED -t 1000'
  await host.run(['conntrack', '-I', ...entry.split(' '), '-m', String(0x41000000)])
})
afterAll(() => host.end())

interface Seen {
  readonly pictures: readonly (readonly string[])[]
  readonly exit: number
  readonly restored: boolean
  readonly end: string
}

async function onTerminal(...steps: readonly Readonly<Record<string, unknown>>[]): Promise<Seen> {
  const told = [String(longPatienceMs / 1000), JSON.stringify(steps)]
  const argv = ['/usr/bin/python3', terminal, ...told, '/usr/sbin/ifbalance', 'top']
  return JSON.parse((await host.run(argv, {}, { timeoutMs: 3 * longPatienceMs })).stdout)
}

/** The shell's screen, with a cursor, whose lines are broken. */
const givenBack = { restored: true, end: expect.stringContaining('\u001b[?7h\u001b[?25h\u001b[?1049l') }

test('it follows what happens and the size of the terminal, and q gives the terminal back as it was', async () => {
  const seen = await onTerminal(
    { wait: '^192\\.168\\.77\\.10 +1 +wan1 1$' },
    { run: ['/bin/bash', '-c', 'echo x >/dev/udp/192.0.2.9/80'] },
    { wait: '^web +1 +0\\.\\d$' },
    { run: ['/usr/sbin/ip', 'link', 'set', 'isp2', 'down'] },
    { wait: '^wan2 +down ' },
    { resize: [50, 6] },
    { wait: '^wan1 +online' },
    { send: 'q' },
  )
  expect(seen).toMatchObject({ exit: 0, ...givenBack })
  const [first = [], , , small = []] = seen.pictures
  expect(first[0]).toMatch(/^ifbalance {2}\d\d:\d\d:\d\d {2}mode connection, 2 of 2 uplinks work +q quits$/)
  expect(first.filter((line) => /^wan[12] +online +50 % /.test(line))).toHaveLength(2)
  expect(first.length).toBeLessThanOrEqual(24)
  expect(Math.max(...first.map(({ length }) => length))).toBe(80)
  expect(small.length).toBeLessThanOrEqual(6)
  expect(Math.max(...small.map(({ length }) => length))).toBeLessThanOrEqual(50)
  await host.run(['/usr/sbin/ip', 'link', 'set', 'isp2', 'up'])
})

test('so do Ctrl-C, and whoever ends it', async () => {
  expect(await onTerminal({ wait: '^wan1 ' }, { send: '\u0003' })).toMatchObject({ exit: 0, ...givenBack })
  expect(await onTerminal({ wait: '^wan1 ' }, { signal: 'SIGTERM' })).toMatchObject({ exit: 0, ...givenBack })
})

test('where there is no terminal, it is printed once', async () => {
  const { stdout, exitCode } = await host.ifbalance(['top'])
  expect(exitCode).toBe(0)
  expect(stdout).not.toContain('\u001b')
  expect(stdout).toMatch(/^wan1 +online .* \S+$/m)
  expect(stdout).toMatch(/^192\.168\.77\.10 +1 +wan1 1$/m)
})
