/** A line with fields is told once, by journald's protocol or on standard error, whatever becomes of the child between. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type JournalOptions, openJournal, recordOf } from '../../../src/os/journal.ts'
import type { Line } from '../../../src/os/log.ts'
import { patienceMs } from '../../lab/patience.ts'

/** Prints each datagram in one line, from when the file `$ARGV[1]` is there. */
const receiver = `
$| = 1;
socket my $s, 1, 2, 0 or die;
bind $s, pack 'SZ*', 1, $ARGV[0] or die;
print "ready\\n";
select undef, undef, undef, 0.01 until -e $ARGV[1];
while (defined recv $s, my $record, 65536, 0) { $record =~ s/\\n/|/g; print "$record\\n" }
`

let folder: string
const stops: (() => void)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ifbalance-journal-'))
})
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  rmSync(folder, { recursive: true, force: true })
})

async function journald({ reads = true } = {}): Promise<{ readonly socket: string; readonly got: readonly string[] }> {
  const socket = join(folder, 'socket')
  const child = spawn('/usr/bin/perl', ['-e', receiver, socket, reads ? '/' : join(folder, 'never')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  stops.push(() => child.kill('SIGKILL'))
  const got: string[] = []
  const lines = createInterface({ input: child.stdout })
  await once(lines, 'line')
  lines.on('line', (line) => got.push(line))
  return { socket, got }
}

function open(options: JournalOptions) {
  const told: string[] = []
  const journal = openJournal({
    retry: { firstMs: 10, maxMs: 10 },
    fallback: ({ message }) => told.push(message),
    ...options,
  })
  stops.push(journal.stop)
  return { journal, told }
}

const line = (message: string): Line => ({ level: 'notice', message })
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Writes lines until one arrives by the journal: the child is ready. */
async function untilReady(write: (line: Line) => void, got: readonly string[]): Promise<number> {
  let count = 0
  const start = got.length
  while (got.length === start) {
    write(line(`early ${count++}`))
    await wait(5)
  }
  return count
}

const numbers = (lines: readonly string[], word: string) =>
  lines.flatMap((text) => [...text.matchAll(new RegExp(`${word} (\\d+)`, 'g'))].map(([, number]) => Number(number)))

test('an event has its fields, in a record of lines that nothing in it can break', () => {
  const event = {
    event: 'uplink',
    uplink: 'lte',
    from: 'online',
    to: 'down',
    reason: 'no\ncarrier',
    durationMs: 1.6,
  } as const
  expect(recordOf({ level: 'notice', message: 'lte is down', event }).toString()).toBe(
    `MESSAGE=lte is down\nPRIORITY=5\nSYSLOG_IDENTIFIER=ifbalance\nSYSLOG_PID=${process.pid}\nIFBALANCE_EVENT=uplink
IFBALANCE_UPLINK=lte\nIFBALANCE_STATE=down\nIFBALANCE_FORMER_STATE=online\nIFBALANCE_REASON=no\uFFFDcarrier
IFBALANCE_DURATION_MS=2\n\n`,
  )
})

test('each line arrives once and in order, on standard error until the child is ready', async () => {
  const { socket, got } = await journald()
  const { journal, told } = open({ socket })
  const early = await untilReady(journal.write, got)
  for (let i = 0; i < 1000; i++) journal.write(line(`later ${i}`))
  await expect
    .poll(() => numbers(got, 'later'), { timeout: patienceMs })
    .toEqual(Array.from({ length: 1000 }, (_, i) => i))
  expect([...numbers(told, 'early'), ...numbers(got, 'early')]).toEqual(Array.from({ length: early }, (_, i) => i))
  expect(numbers(told, 'later')).toEqual([])
  expect(got.at(-1)).toBe(`MESSAGE=later 999|PRIORITY=5|SYSLOG_IDENTIFIER=ifbalance|SYSLOG_PID=${process.pid}|`)
})

test('where the journal takes nothing any more, all is told on standard error, and the writer never waits', async () => {
  const { socket, got } = await journald({ reads: false })
  const { journal, told } = open({ socket, timeoutMs: 300 })
  let count = 0
  // The receiver's queue takes some: nobody knows of those whether they are ever read.
  while (told.length === 0 || numbers(told, 'early').at(-1) !== count - 1) {
    journal.write(line(`early ${count++}`))
    await wait(1)
  }
  for (let i = 0; i < 3000; i++) journal.write(line(`later ${i}`))
  await expect.poll(() => numbers(told, 'later').at(-1), { timeout: patienceMs }).toBe(2999)
  const all = numbers(told, 'later')
  expect(all).toEqual([...new Set(all)].toSorted((a, b) => a - b))
  expect(got).toEqual([])
})

test('a child that hangs is ended, what it was handed is told in order, and another takes its place', async () => {
  const program = join(folder, 'perl')
  writeFileSync(program, `#!/bin/sh\necho $$ >>${folder}/pids\nprintf r\nexec sleep 1000\n`, { mode: 0o755 })
  const children = () => (existsSync(`${folder}/pids`) ? readFileSync(`${folder}/pids`, 'utf8').trim().split('\n') : [])
  const { journal, told } = open({ program, timeoutMs: 100 })
  await expect.poll(() => children().length, { timeout: patienceMs }).toBe(1)
  let count = 0
  while (children().length < 3) {
    journal.write(line(`line ${count++}`))
    await wait(20)
  }
  const all = Array.from({ length: count }, (_, n) => n)
  await expect.poll(() => numbers(told, 'line'), { timeout: patienceMs }).toEqual(all)
  const [first = ''] = children()
  expect(existsSync(`/proc/${first}`)).toBe(false)
})

test('without perl, and without journald, all is on standard error', async () => {
  const missing = open({ program: '/nonexistent/perl' })
  const alone = open({ socket: join(folder, 'nobody') })
  for (let i = 0; i < 50; i++) {
    missing.journal.write(line(`line ${i}`))
    alone.journal.write(line(`line ${i}`))
    await wait(1)
  }
  const all = Array.from({ length: 50 }, (_, i) => i)
  await expect.poll(() => numbers(missing.told, 'line'), { timeout: patienceMs }).toEqual(all)
  await expect.poll(() => numbers(alone.told, 'line'), { timeout: patienceMs }).toEqual(all)
})

test('what is said last, before the process ends, is told', async () => {
  const { socket, got } = await journald()
  const told = join(folder, 'told')
  writeFileSync(told, '')
  const script = `
    import { appendFileSync } from 'node:fs'
    import { openJournal } from ${JSON.stringify(new URL('../../../src/os/journal.ts', import.meta.url).href)}
    const journal = openJournal({ socket: ${JSON.stringify(socket)}, fallback: ({ message }) => appendFileSync(${JSON.stringify(told)}, message + '\\n') })
    process.on('exit', journal.flush)
    setTimeout(() => {
      for (let i = 0; i < 1500; i++) journal.write({ level: 'info', message: 'last ' + i + ' ' + 'x'.repeat(1500) })
      process.exit(0)
    }, 500)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await once(child, 'close')
  const all = () =>
    [...numbers(got, 'last'), ...numbers([readFileSync(told, 'utf8')], 'last')].toSorted((a, b) => a - b)
  await expect.poll(all, { timeout: patienceMs }).toEqual(Array.from({ length: 1500 }, (_, i) => i))
  expect(got.length).toBeGreaterThan(0)
})
