/** Our own processes: killed, waiting, without the programs that they need, with ones that misbehave. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { record } from '../lab/measurements.ts'
import { type Host, startHost } from './daemon-host.ts'
import { holdLock } from './lock-holder.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

const out = async (line: string) => (await host.run(line.split(' '))).stdout
/** IPv6's own addresses come a second late. */
async function state(): Promise<string> {
  const all = `${await out('ip rule')}${await out('ip -4 route show table all')}${await out('nft list ruleset')}`
  return all + (await out('sysctl net.ipv4.fib_multipath_hash_policy net.ipv4.conf.wan1.rp_filter'))
}

async function expectRight(): Promise<void> {
  await expectApplied()
  expect((await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')
}

async function expectApplied(): Promise<void> {
  // Nobody holds the lock: who waits for it in vain ends otherwise.
  expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0 })
}

/** All of ours gone at once, by hand. */
const nothing = `nft flush ruleset; ip rule flush; ip rule add pref 32766 lookup main; ip rule add pref 32767 lookup default
for i in 30001 30002 30098; do ip route flush table $i; done; rm -f /run/ifbalance/state.json`

test('P1: killed at random moments, twenty times: the next run ends right, and the lock is free', async () => {
  const began = performance.now()
  await expectApplied()
  const whole = performance.now() - began
  const right = await state()
  const moments = Array.from({ length: 20 }, () => Math.random() * whole)
  for (const [round, moment] of moments.entries()) {
    // From nothing, and from something else.
    if (round % 2 === 0) await host.run(['/bin/sh', '-c', nothing])
    else await host.run(['ip', 'route', 'replace', 'default', 'via', '10.2.0.7', 'dev', 'wan2', 'metric', '102'])
    const applying = host.start(['/usr/sbin/ifbalance', 'apply'])
    // The moment is what is tried.
    await new Promise((resolve) => setTimeout(resolve, moment))
    applying.signal('SIGKILL')
    await applying.ended
    await host.run(['ip', 'route', 'replace', 'default', 'via', '10.2.0.1', 'dev', 'wan2', 'metric', '102'])
    await expectApplied()
    expect(await state(), `killed after ${moments.slice(0, round + 1).map(Math.round)} ms`).toBe(right)
  }
})

test('P2: fifty hooks at once, with the daemon: all end well, and none is lost', async () => {
  const daemon = host.daemon()
  await daemon.balances(['wan1', 'wan2'])
  const hooks = Array.from({ length: 50 }, (_, i) => {
    const device = `wan${(i % 2) + 1}`
    const subnet = `10.${(i % 2) + 1}.0`
    const lease = {
      interface: device,
      reason: 'BOUND',
      new_ip_address: `${subnet}.2`,
      new_routers: `${subnet}.${50 + i}`,
    }
    return host.hook('dhclient', lease)
  })
  // Fifty of them start at once from the sources here: some may lose patience, which is not to lose what they said.
  for (const { exitCode } of await Promise.all(hooks)) expect(exitCode).toBe(0)
  // What one of those said is taken in after it has ended, so lease and route are looked at together.
  for (const i of [1, 2])
    await expect
      .poll(async () => {
        const { gateway } = JSON.parse(await out(`cat /run/ifbalance/leases/wan${i}.json`))
        const routes = await out(`ip route show default table 3000${i}`)
        return routes.includes(`via ${gateway.inet} dev wan${i}`) ? 'as the lease says' : `${gateway.inet}: ${routes}`
      })
      .toBe('as the lease says')
  await expect.poll(async () => (await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')
})

const ifup = { IFACE: 'wan2', LOGICAL: 'wan2', ADDRFAM: 'inet', METHOD: 'static', MODE: 'start', PHASE: 'post-up' }

/** Nothing of ours is left but the files in /run. */
async function appliedOnce(): Promise<void> {
  await host.ifbalance(['apply'])
  await host.ifbalance(['down'])
  await host.run(['rm', '-f', '/run/ifbalance/held-down'])
}

test("P3: the lock's holder is stopped: the waiter gives up, ifup goes on, and the next run does it", async () => {
  await appliedOnce()
  const before = await state()
  const holder = await holdLock(host)
  holder.signal('SIGSTOP')
  const began = performance.now()
  const hook = await host.run([new URL('../../hooks/ifupdown', import.meta.url).pathname], ifup, { timeoutMs: 60_000 })
  const took = (performance.now() - began) / 1000
  const name = 'ifup waits for a lock that is never given up'
  record({ name, value: took, unit: 's', limit: 13, release: 'namespace', stack: 'kernel' })
  expect(hook.exitCode).toBe(0)
  expect(hook.stderr).toMatch(/^ifbalance: .*flock.*\n$/)
  expect(await state()).toBe(before)
  holder.signal('SIGKILL')
  await holder.ended
  await expectRight()
})

test('a hook waits for its turn, and all is taken down meanwhile, as when the package is removed: it puts nothing back', async () => {
  await appliedOnce()
  const before = await state()
  const holder = await holdLock(host)
  const hook = host.hook('ifupdown', ifup)
  await expect.poll(() => out('cat /proc/locks')).toMatch(/-> FLOCK/)
  // What `ifbalance down` does before it waits for its own turn.
  await host.write('/run/ifbalance/held-down', '')
  holder.signal('SIGKILL')
  expect(await hook).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await state()).toBe(before)
})

describe('programs that are missing or misbehave', () => {
  const fake = async (name: string, script: string) => {
    await host.run(['rm', `/usr/sbin/${name}`])
    await host.write(`/usr/sbin/${name}`, `#!/bin/sh\n${script}\n`)
    await host.run(['chmod', '755', `/usr/sbin/${name}`])
  }

  test.each(['nft', 'ip', 'conntrack'])('P9: no %s: refused before anything is changed', async (name) => {
    const before = await state()
    await host.run(['mv', `/usr/sbin/${name}`, `/run/${name}`])
    const { exitCode, stderr } = await host.ifbalance(['apply'])
    const check = await host.ifbalance(['check'])
    await host.run(['mv', `/run/${name}`, `/usr/sbin/${name}`])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`/usr/sbin/${name}`)
    expect(check).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(new RegExp(`error .*${name}`)) })
    expect(await state()).toBe(before)
    await expectRight()
  })

  test('P11: one that hangs, with a child: all of its group is ended after a bound, and nothing was changed', async () => {
    const before = await state()
    await host.run(['cp', '/usr/sbin/nft', '/run/nft'])
    await fake('nft', 'sleep 98765 & echo $! $$ >/run/pids; wait')
    const began = performance.now()
    const { exitCode, stderr } = await host.run(
      ['/usr/sbin/ifbalance', 'apply'],
      {},
      { accept: [1], timeoutMs: 60_000 },
    )
    const took = (performance.now() - began) / 1000
    const name = 'apply, with an nft that never ends'
    record({ name, value: took, unit: 's', limit: 15, release: 'namespace', stack: 'kernel' })
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('/usr/sbin/nft') })
    for (const pid of (await out('cat /run/pids')).trim().split(' ')) {
      await expect.poll(() => isAlive(Number(pid))).toBe(false)
    }
    await host.run(['mv', '/run/nft', '/usr/sbin/nft'])
    expect(await state()).toBe(before)
    await expectRight()
  })

  test('P12: one that prints without end: ended at a bound', async () => {
    await host.run(['cp', '/usr/sbin/nft', '/run/nft'])
    await fake('nft', 'echo $$ >/run/pids; exec yes')
    const { exitCode, stderr } = await host.run(
      ['/usr/sbin/ifbalance', 'apply'],
      {},
      { accept: [1], timeoutMs: 150_000 },
    )
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('/usr/sbin/nft') })
    expect(stderr.length).toBeLessThan(10_000)
    await expect.poll(async () => isAlive(Number(await out('cat /run/pids')))).toBe(false)
    await host.run(['mv', '/run/nft', '/usr/sbin/nft'])
    await expectRight()
  })
})

describe('P16: no IPv6', () => {
  const withoutModule = `mkdir /run/v4 && mount --bind /proc/sys/net/ipv4 /run/v4 && mount -t tmpfs t /proc/sys/net &&
    mkdir /proc/sys/net/ipv4 && mount --move /run/v4 /proc/sys/net/ipv4`

  test.each([
    ['in the kernel', withoutModule],
    ['enabled', 'sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1'],
  ])('%s: IPv4 is balanced, and nothing of IPv6 is made', async (where, script) => {
    await host.run(['/bin/sh', '-c', script])
    const plan = await host.ifbalance(['plan'])
    expect(plan.stdout).not.toContain('ip -6')
    if (where === 'in the kernel') expect(plan.stdout).not.toContain('net/ipv6')
    await expectRight()
    expect(await out('ip route show table 30098')).toMatch(/dev wan1[\s\S]*dev wan2/)
    expect(await host.ifbalance(['down'])).toMatchObject({ exitCode: 0 })
    expect(await out('ip rule')).not.toContain('32765')
  })
})

/** Pids are those of this machine: only network and mounts are the host's own. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
