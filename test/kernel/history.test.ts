/** The history of lines as the daemon keeps it: what a pulled cable leaves in it, and what disks do to it. */
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'

let host: Host
beforeEach(async () => {
  host = await startHost()
})
afterEach(() => host.end())

const file = '/var/lib/ifbalance/history.db'
const history = async (...args: readonly string[]) => {
  const { stdout, ...rest } = await host.ifbalance(['history', '--json', ...args])
  return { ...rest, ...(stdout === '' ? null : JSON.parse(stdout)) }
}

test('a pulled cable is an outage with its cause, by name and interface, with and without a daemon', async () => {
  await host.write('/etc/ifbalance/conf.d/50-name.conf', '[uplink dsl]\ninterface = wan1\n')
  const daemon = host.daemon()
  let seen = await daemon.balances(['dsl', 'wan2'])
  await host.run(['ip', 'link', 'set', 'isp1', 'down'])
  seen = await daemon.balances(['wan2'], seen)
  expect((await history()).outages).toMatchObject([{ uplink: 'dsl', state: 'down', reason: 'no carrier', end: null }])
  await host.run(['ip', 'link', 'set', 'isp1', 'up'])
  await daemon.balances(['dsl', 'wan2'], seen)
  const { outages } = await history('wan1')
  expect(outages).toMatchObject([{ uplink: 'dsl', reason: 'no carrier' }])
  expect(outages[0].end).toBeGreaterThan(outages[0].begin)
  expect((await history('wan2')).outages).toEqual([])
  // Rows have whole seconds, and what lasts for less than half of one is in none.
  await setTimeout(1000)
  daemon.signal('SIGTERM')
  await daemon.ended

  const { lines, rows } = await history()
  expect(lines.map(({ uplink, family }: { uplink: string; family: string }) => `${uplink} ${family}`)).toEqual([
    'dsl inet',
    'wan2 inet',
  ])
  expect(lines[0].availability).toBeLessThanOrEqual(1)
  expect(rows.at(-1)).toMatchObject({ at: expect.any(Number), received: expect.any(Number) })
  const events = await history('--events')
  expect(events.events.map(({ event, uplink, to }: Record<string, string>) => [event, uplink, to])).toContainEqual([
    'uplink',
    'dsl',
    'down',
  ])
  // Before the outage there is nothing, and who ends where it begins gets none of it.
  const earlier = await history('--since', '2h', '--until', '1h')
  expect(earlier).toMatchObject({ exitCode: 0, lines: [], outages: [], rows: [] })
  expect(earlier.until - earlier.since).toBeCloseTo(3600, 0)
  expect((await history('--events', '--until', '1h')).events).toEqual([])
  expect((await history('--since', '2h', '--until', '1s')).until).toBeLessThan(Date.now() / 1000)
  for (const wrong of [
    ['--until', 'tomorrow'],
    ['--since', '1h', '--until', '2h'],
  ])
    expect(await host.ifbalance(['history', ...wrong])).toMatchObject({ exitCode: 2 })
  const text = await host.ifbalance(['history'])
  expect(text.stdout).toMatch(/^dsl {2,}IPv4 .*%/m)
  expect(text.stdout).toMatch(/no carrier$/m)
  expect(text.stderr).toBe('')
  expect((await host.ifbalance(['history', '--sla'])).stdout).toMatch(/^\d{4}-\d\d +dsl +IPv4/m)
  for (const line of text.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100)
  expect(await host.ifbalance(['history', '--since', 'yesterday'])).toMatchObject({ exitCode: 2 })
})

test('a disk that takes nothing is told once, and what it missed is written when it takes it; a damaged file is set aside', async () => {
  await host.write(file, 'no database at all, but long enough to be none')
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  let seen = daemon.said().length
  await history()
  seen = await daemon.tells({ event: 'failure', doing: 'reading', what: file }, 0)
  expect((await host.run(['ls', '/var/lib/ifbalance'])).stdout).toContain('history.db.damaged')
  expect((await history('--events')).events.length).toBeGreaterThan(0)

  await host.run(['mount', '-o', 'remount,size=2m', '/var/lib/ifbalance'])
  await host.run(['sh', '-c', 'cat /dev/zero >/var/lib/ifbalance/full'], {}, { accept: [0, 1] })
  await host.ifbalance(['disable', 'wan1'])
  for (let i = 0; i < 3; i++) await host.ifbalance(['history'])
  seen = await daemon.tells({ event: 'failure', doing: 'writing', what: file }, seen)
  expect(daemon.told({ event: 'failure', doing: 'writing', what: file })).toHaveLength(1)
  await host.run(['rm', '/var/lib/ifbalance/full'])
  const { events } = await history('--events')
  await daemon.tells({ event: 'recovery', doing: 'writing', what: file }, seen)
  expect(events.at(-1)).toMatchObject({ event: 'uplink', uplink: 'wan1', to: 'disabled' })

  daemon.signal('SIGTERM')
  await daemon.ended
  await host.run(['mount', '-o', 'remount,ro', '/var/lib/ifbalance'])
  const next = host.daemon()
  await next.tells({ event: 'uplink', uplink: 'wan1', to: 'disabled' })
  await host.ifbalance(['history'])
  await next.tells({ event: 'failure', doing: 'writing', what: file })
  await host.run(['mount', '-o', 'remount,rw', '/var/lib/ifbalance'])
})
