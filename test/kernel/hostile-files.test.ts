/**
 * /run/ifbalance and /var/lib/ifbalance belong to the daemon's user, and hooks and commands work there as root: whatever lies
 * there in place of our files leads root nowhere else, and keeps it waiting for no longer than a bound.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
  await shell(`mkdir -p /run/ifbalance /etc/victim/wan1
    echo secret >/etc/victim/file; chmod 600 /etc/victim/file
    chown nobody:nogroup /run/ifbalance /var/lib/ifbalance`)
})
afterEach(() => host.end())

const shell = (script: string) => host.run(['/bin/sh', '-ec', script], {}, { timeoutMs: 30_000 })
/** With owner, mode and contents. */
const victim = async () =>
  (await shell('find /etc/victim -printf "%p %u %m %l\\n" | sort; cat /etc/victim/file; ls /etc/victim/wan1')).stdout

const folders = ['leases', 'disabled', 'stanzas', 'name-servers', 'delegations'].map((name) => `/run/ifbalance/${name}`)
const files = [
  ...['state.json', 'lock', 'control', 'bus.json', 'health.json', 'rt_tables.conf'].map(
    (name) => `/run/ifbalance/${name}`,
  ),
  ...['quota.json', 'last-good.json'].map((name) => `/var/lib/ifbalance/${name}`),
]
const toNobody = 'chown -hR nobody:nogroup /run/ifbalance /var/lib/ifbalance'
const inFolders = ['leases/wan1.json', 'stanzas/wan1.json', 'name-servers/wan1.json', 'delegations/wan1.json'].map(
  (name) => `/run/ifbalance/${name}`,
)

const lease = { interface: 'wan1', reason: 'BOUND', new_ip_address: '10.1.0.2', new_routers: '10.1.0.1' }
const prefix = { new_ip6_prefix: '2001:db8::/56', new_dhcp6_name_servers: '2001:db8::1' }
const stanza = (weight: number) => ({
  ...{ IFACE: 'wan1', LOGICAL: 'wan1', ADDRFAM: 'inet', METHOD: 'static', MODE: 'start', PHASE: 'post-up' },
  IF_BALANCE_WEIGHT: String(weight),
})

async function everyone(): Promise<void> {
  const began = performance.now()
  for (const [name, env] of [
    ['dhclient', lease],
    ['dhclient', { interface: 'wan1', reason: 'BOUND6', ...prefix }],
    ['ifupdown', stanza(2)],
  ] as const)
    expect(await host.hook(name, env)).toMatchObject({ exitCode: 0 })
  expect((await host.run(['ip', 'route', 'show', 'table', '30098'])).stdout).toMatch(/wan1(.|\n)*wan2/)
  for (const args of [['disable', 'wan1'], ['down']]) await host.ifbalance(args)
  // Five runs, each of which may wait for ten seconds where it must not: none has.
  expect(performance.now() - began).toBeLessThan(40_000)
}

const kinds: readonly ((path: string) => string)[] = [
  (path) => `ln -s /etc/victim/file ${path}`,
  (path) => `ln -s /etc/victim/new ${path}`,
  (path) => `mkfifo ${path}`,
  (path) => `mkdir -p ${path}/with/more`,
  (path) => `truncate -s 100G ${path}`,
]
/** Something in place of each, by turns. */
const spread = (names: readonly string[], turn: number) =>
  names.map((path, index) => kinds[(index + turn) % kinds.length]?.(path)).join('\n')

test.each([0, 2, 4])('links, FIFOs, folders and huge files in place of our files, turn %i', async (turn) => {
  const before = await victim()
  await shell(`mkdir ${folders.join(' ')}\n${spread([...files, ...inFolders], turn)}\n${toNobody}`)
  await everyone()
  expect(await victim()).toBe(before)
})

test('a link to a folder of root, a FIFO and others in place of our folders', async () => {
  const before = await victim()
  const [leases = '', disabled = '', ...others] = folders
  await shell(`ln -s /etc/victim ${leases}; ln -s /etc/victim ${disabled}\n${spread(others, 1)}\n${toNobody}`)
  await everyone()
  expect(await victim()).toBe(before)
})

test('links that are swapped for the folder meanwhile, again and again', async () => {
  const before = await victim()
  await shell('mkdir /run/ifbalance/stanzas; chown -R nobody:nogroup /run/ifbalance')
  host.start([
    'setpriv',
    '--reuid=nobody',
    '--regid=nogroup',
    '--clear-groups',
    '/bin/sh',
    '-c',
    `cd /run/ifbalance; ln -s /etc/victim link
    while :; do mv -T stanzas real; mv -T link stanzas; mv -T stanzas link; mv -T real stanzas; done`,
  ])
  for (let i = 0; i < 4; i++) await host.hook('ifupdown', stanza(i + 1))
  expect(await victim()).toBe(before)
})

test('what root makes there the daemon can change', async () => {
  await host.ifbalance(['disable', 'wan1'])
  await host.hook('dhclient', lease)
  expect((await shell('find /run/ifbalance -user root')).stdout).toBe('')
  // What an earlier version left as root's.
  await shell('chown root:root /run/ifbalance/disabled; rm /run/ifbalance/disabled/wan1')
  await host.ifbalance(['disable', 'wan1'])
  expect((await shell('find /run/ifbalance -user root')).stdout).toBe('')
})
