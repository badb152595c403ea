/** What is in /run and what /run is, descriptors, and news of the kernel that get lost. */

import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { record } from '../lab/measurements.ts'
import { patienceMs } from '../lab/patience.ts'
import { balanced } from './balanced.ts'
import { monitorOf, settled } from './daemon-children.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { after } from './transcript.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
  await host.write('/etc/ifbalance/ifbalance.conf', '[balance]\nprobe = none\n')
})

afterEach(() => host.end())

const stateFile = '/run/ifbalance/state.json'
const out = async (line: string) => (await host.run(line.split(' '))).stdout
const shell = (script: string) => host.run(['/bin/sh', '-ec', script])
const sysctls = 'net.ipv4.fib_multipath_hash_policy net.ipv4.conf.wan1.rp_filter net.ipv4.conf.wan2.rp_filter'
/** Rules and routes of IPv4, our table and sysctls: IPv6's own addresses come a second late. */
async function state(): Promise<string> {
  const all = `${await out('ip rule')}${await out('ip -4 route show table all')}${await out('nft list ruleset')}`
  return all + (await out(`sysctl ${sysctls}`))
}
/** Whoever has a file of it open is soon done. */
const unmount = (folder: string) =>
  expect.poll(async () => (await host.run(['umount', folder], {}, { accept: [0, 32] })).exitCode).toBe(0)
const both = 'default nexthop via 10.1.0.1 dev wan1 weight 1 nexthop via 10.2.0.1 dev wan2 weight 1'
const expectNothingToDoSoon = () =>
  expect.poll(async () => (await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')
const expectNothingToDo = async () => expect((await host.ifbalance(['plan'])).stdout).toContain('Nothing to change')

describe('the state file', () => {
  test('P5: of an earlier boot, where the uplinks had other numbers and the sysctls other values', async () => {
    const before = await state()
    // Nothing of this is in the kernel: 1 and 7 changed hands, an uplink and its sysctls are gone, marks were elsewhere.
    const earlier = {
      uplinks: {
        wan2: { number: 1, interface: 'wan2' },
        wan1: { number: 7, interface: 'wan1' },
        wwan0: { number: 2, interface: 'wwan0', hardware: ['usb-1-1'] },
      },
      sysctls: { 'net/ipv4/conf/wwan0/rp_filter': '1', 'net/ipv4/conf/wan1/rp_filter': '1' },
      layouts: [
        { markShift: 24, tableBase: 30000, ruleBase: 20000 },
        { markShift: 16, tableBase: 40000, ruleBase: 10000 },
      ],
    }
    await shell('mkdir -p /run/ifbalance')
    await host.write(stateFile, JSON.stringify(earlier))
    await host.daemon().balances(['wan2', 'wan1'])
    expect(await balanced(host)).toMatch(/^default nexthop via 10.2.0.1 .*nexthop via 10.1.0.1 /)
    // Connections keep the marks that the file tells of.
    const rules = await out('ip rule')
    expect(rules).toContain('fwmark 0x7000000/0x3f000000 lookup 30007')
    expect(rules).toContain('fwmark 0x1000000/0x3f000000 lookup 30001')
    expect(await out('ip route show table 30007')).toContain('default via 10.1.0.1 dev wan1')
    expect(await out('ip route show table 30001')).toContain('default via 10.2.0.1 dev wan2')
    await expectNothingToDo()
    expect(await out(`cat ${stateFile}`)).not.toContain('conf/wwan0')
    expect(await out(`cat ${stateFile}`)).not.toContain('40000')
    expect(await host.ifbalance(['down'])).toMatchObject({ exitCode: 0 })
    expect(await state()).toBe(before.replace('wan1.rp_filter = 0', 'wan1.rp_filter = 1'))
  })

  const garbage = {
    truncated: `cut=$(($(stat -c %s ${stateFile}) / 2)); truncate -s $cut ${stateFile}`,
    empty: `truncate -s 0 ${stateFile}`,
    'random bytes': `head -c 100000 /dev/urandom >${stateFile}`,
    'of wrong types': `echo '{"uplinks":{"wan1":{"number":"1; reboot"},"__proto__":{"number":2}},"sysctls":[7]}' >${stateFile}`,
    null: `echo null >${stateFile}`,
  }
  test.each(Object.entries(garbage))(
    'P6: %s: taken from the rules again, and no route or rule changes',
    async (_, damage) => {
      // The second uplink has number 1: counted anew, both would change.
      await shell('mkdir -p /run/ifbalance')
      const swapped = { wan2: { number: 1, interface: 'wan2' }, wan1: { number: 2, interface: 'wan1' } }
      await host.write(stateFile, JSON.stringify({ uplinks: swapped, sysctls: {} }))
      expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0 })
      const right = await state()
      expect(right).toContain('fwmark 0x1000000/0x3f000000 lookup 30001')
      expect(await out('ip route show table 30001')).toContain('dev wan2')
      await shell(damage)
      const { exitCode, stdout } = await host.ifbalance(['apply'])
      expect(exitCode).toBe(0)
      expect(stdout).toContain(stateFile)
      expect(stdout).not.toMatch(/^(ip|nft|sysctl) /m)
      expect(await state()).toBe(right)
      expect(JSON.parse(await out(`cat ${stateFile}`))).toMatchObject({ uplinks: swapped })
      await expectNothingToDo()
    },
  )
})

describe('P7: /run full', () => {
  const fillUp = `mkdir -p /run/ifbalance; mount -t tmpfs -o size=16k t /run/ifbalance
    head -c 16384 /dev/zero >/run/ifbalance/fill`

  test('apply balances, names the cause once and leaves no half files', async () => {
    const [before, former] = [await state(), await out(`sysctl ${sysctls}`)]
    await shell(fillUp)
    const { exitCode, stderr } = await host.ifbalance(['apply'])
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^ifbalance: writing .*state\.json: ENOSPC: .*\n$/)
    expect(await balanced(host)).toBe(both)
    expect((await out('ls /run/ifbalance')).trim().split('\n')).toEqual(['fill', 'lock'])
    // Their former values would be lost with this run.
    expect(await out(`sysctl ${sysctls}`)).toBe(former)
    await shell('rm /run/ifbalance/fill')
    await host.ifbalance(['apply'])
    expect(await out(`sysctl ${sysctls}`)).not.toBe(former)
    await expectNothingToDo()
    expect(await host.ifbalance(['down'])).toMatchObject({ exitCode: 0 })
    expect(await state()).toBe(before)
  })

  test('apply puts back what was written down before, and nothing else', async () => {
    await shell('mkdir -p /run/ifbalance; mount -t tmpfs -o size=16k t /run/ifbalance')
    await host.ifbalance(['apply'])
    const right = await out(`sysctl ${sysctls}`)
    await shell(`sysctl -qw net.ipv4.fib_multipath_hash_policy=0
      ip link add wan3 type veth peer name isp3; ip address add 10.3.0.2/24 dev wan3
      ip link set wan3 up; ip link set isp3 up; ip route add default via 10.3.0.1 dev wan3 metric 103
      head -c 16384 /dev/zero >/run/ifbalance/fill || true`)
    const former = await out('sysctl net.ipv4.conf.wan3.rp_filter')
    expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('ENOSPC') })
    expect(await balanced(host)).toContain('dev wan3')
    expect(await out(`sysctl ${sysctls}`)).toBe(right)
    expect(await out('sysctl net.ipv4.conf.wan3.rp_filter')).toBe(former)
  })

  test('the daemon balances and reacts as ever, and loses nothing of what it has to remember', async () => {
    const before = await state()
    await shell(fillUp)
    const daemon = host.daemon()
    let seen = await daemon.balances(['wan1', 'wan2'])
    expect(await balanced(host)).toBe(both)
    await host.run(['ip', 'link', 'set', 'isp2', 'down'])
    const cut = performance.now()
    seen = await daemon.balances(['wan1'], seen)
    const took = performance.now() - cut
    const name = 'carrier loss -> balanced over the rest, /run full'
    record({ name, value: took, unit: 'ms', limit: 1000, release: 'namespace', stack: 'kernel' })
    await host.run(['ip', 'link', 'set', 'isp2', 'up'])
    await daemon.balances(['wan1', 'wan2'], seen)
    expect(daemon.told({ event: 'failure', code: 'ENOSPC' })).toHaveLength(1)

    await shell('rm /run/ifbalance/fill')
    expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0, stderr: '' })
    await expectNothingToDo()
    // The former values are those from before us.
    expect(JSON.parse(await out(`cat ${stateFile}`))).toMatchObject({
      uplinks: { wan1: { number: 1 }, wan2: { number: 2 } },
      sysctls: { 'net/ipv4/fib_multipath_hash_policy': '0', 'net/ipv4/conf/wan1/rp_filter': '0' },
    })
    expect(await host.ifbalance(['down'])).toMatchObject({ exitCode: 0 })
    expect(await state()).toBe(before)
  })
})

describe('P8: /run/ifbalance read-only', () => {
  const readOnly = 'mount -t tmpfs t /run/ifbalance; mount -o remount,ro /run/ifbalance'

  test('commands and hooks tell the cause and balance, and so does the daemon, which fails over and listens when it can', async () => {
    await shell(`mkdir -p /run/ifbalance; ${readOnly}`)
    const before = await state()
    expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('EROFS') })
    expect(await balanced(host)).toBe(both)
    expect(await host.ifbalance(['down'])).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('EROFS') })
    expect(await state()).toBe(before)
    const ifup = { IFACE: 'wan2', LOGICAL: 'wan2', ADDRFAM: 'inet', METHOD: 'static', MODE: 'start', PHASE: 'post-up' }
    expect(await host.hook('ifupdown', ifup)).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('EROFS'),
    })
    expect(await balanced(host)).toBe(both)
    const daemon = host.daemon()
    await daemon.tells({ event: 'failure', doing: 'listening on', code: 'EROFS' })
    let seen = daemon.said().length
    await host.run(['ip', 'link', 'set', 'isp2', 'down'])
    seen = await daemon.balances(['wan1'], seen)
    await host.run(['ip', 'link', 'set', 'isp2', 'up'])
    await daemon.balances(['wan1', 'wan2'], seen)
    expect(daemon.told({ code: 'EROFS' }).length).toBeLessThan(10)
    await shell('mount -o remount,rw /run/ifbalance')
    await daemon.tells({ event: 'recovery', doing: 'listening on' })
    expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await host.ifbalance(['down'])).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await state()).toBe(before)
  })

  test('mounted over under a running daemon: told, it goes on, and what was remembered is not lost', async () => {
    const before = await state()
    const daemon = host.daemon()
    let seen = await daemon.balances(['wan1', 'wan2'])
    const right = await state()
    await shell(readOnly)
    await shell('ip rule del priority 32765 lookup 30098')
    await daemon.tells({ event: 'failure', code: 'EROFS' }, seen)
    seen = await daemon.balances(['wan1', 'wan2'], seen)
    await shell('ip route flush table 30002')
    seen = await daemon.balances(['wan1', 'wan2'], seen)
    await unmount('/run/ifbalance')
    await expect.poll(state).toBe(right)
    expect(daemon.told({ code: 'EROFS' }).length).toBeLessThan(5)
    expect(await host.ifbalance(['down'])).toMatchObject({ exitCode: 0 })
    expect(await state()).toBe(before)
  })
})

describe('P8: /run/ifbalance becomes read-only', () => {
  test('the daemon goes on', async () => {
    const daemon = host.daemon()
    let seen = await daemon.balances(['wan1', 'wan2'])
    const right = await state()
    await shell('mount --bind /run/ifbalance /run/ifbalance; mount -o remount,bind,ro /run/ifbalance')
    await shell('ip rule del priority 32765 lookup 30098')
    seen = await daemon.balances(['wan1', 'wan2'], seen)
    expect(await state()).toBe(right)
    await host.run(['ip', 'link', 'set', 'isp2', 'down'])
    seen = await daemon.balances(['wan1'], seen)
    await unmount('/run/ifbalance')
    await host.run(['ip', 'link', 'set', 'isp2', 'up'])
    await daemon.balances(['wan1', 'wan2'], seen)
    await expect.poll(state).toBe(right)
  })
})

test('P8: /proc/sys read-only: what cannot be set is left as it is, and everything else is done and follows', async () => {
  await shell('mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys')
  const daemon = host.daemon()
  let seen = await daemon.balances(['wan1', 'wan2'])
  for (let again = 0; again < 2; again++) {
    await host.run(['ip', 'link', 'set', 'isp2', 'down'])
    seen = await daemon.balances(['wan1'], seen)
    await host.run(['ip', 'link', 'set', 'isp2', 'up'])
    seen = await daemon.balances(['wan1', 'wan2'], seen)
  }
  expect(await balanced(host)).toBe(both)
  // Nobody has changed the sysctls: that they are not as wanted is no reason to look again and again.
  const rounds = () => daemon.told(after({ kind: 'sysctl' })).length
  expect(rounds()).toBeLessThan(3)
})

describe('P13: out of descriptors', () => {
  const limit = (daemon: Running, descriptors: string) =>
    host.run(['prlimit', '--pid', String(daemon.pid), `--nofile=${descriptors}`])

  test('a daemon that runs: it stays, tells the cause, the kernel stays right, and it goes on when there are some', async () => {
    const daemon = host.daemon()
    let seen = await daemon.balances(['wan1', 'wan2'])
    const right = await state()
    // Those that are open stay open.
    await limit(daemon, '5:')
    await host.run(['ip', 'link', 'set', 'isp2', 'down'])
    seen = await daemon.tells({ event: 'trouble', kind: 'failed', code: 'EMFILE' }, seen)
    process.kill(monitorOf(daemon, 'ip'), 'SIGKILL')
    await daemon.tells({ event: 'watch', watched: 'kernel' }, seen)
    await host.run(['ip', 'link', 'set', 'isp2', 'up'])
    expect(daemon.said().length).toBeLessThan(seen + 15)
    expect(await state()).toBe(right)
    await host.run(['ip', 'link', 'set', 'isp2', 'down'])
    await limit(daemon, '1024:')
    seen = await daemon.balances(['wan1'], seen)
    await host.run(['ip', 'link', 'set', 'isp2', 'up'])
    await daemon.balances(['wan1', 'wan2'], seen)
    await expect.poll(state).toBe(right)
  })

  test('a start with too few: refused or done whole, never half', async () => {
    const before = await state()
    await host.ifbalance(['apply'])
    const right = await state()
    await host.ifbalance(['down'])
    const exitCodes = new Set<number>()
    for (const descriptors of [20, 24, 28, 32, 48]) {
      const limited = ['prlimit', `--nofile=${descriptors}:${descriptors}`, '/usr/sbin/ifbalance', 'apply']
      const { exitCode, stderr } = await host.run(limited, {}, { accept: [0, 1, 134] })
      exitCodes.add(exitCode)
      expect(await state(), `${descriptors}: ${stderr}`).toBe(exitCode === 0 ? right : before)
      if (exitCode !== 0) expect(stderr).not.toBe('')
      if (exitCode === 0) await host.ifbalance(['down'])
    }
    expect(exitCodes.has(0)).toBe(true)
    expect(exitCodes.size).toBeGreaterThan(1)
  })
})

describe('P13: out of memory', () => {
  /** Of address space, which is what can be limited everywhere; in KiB, beyond what it has now. */
  async function limit(daemon: Running, more: number): Promise<void> {
    const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8')
    const bytes = (Number(/VmSize:\s+(\d+)/.exec(status)?.[1]) + more) * 1024
    await host.run(['prlimit', '--pid', String(daemon.pid), `--as=${bytes}:`])
  }

  test.each([0, 8192])(
    'a daemon that gets no more than %i KiB: the kernel is as it would be, whether it lives or dies, and the next one adopts that',
    async (more) => {
      const daemon = host.daemon()
      await daemon.balances(['wan1', 'wan2'])
      const right = await state()
      await limit(daemon, more)
      let hasEnded = false
      void daemon.ended.finally(() => {
        hasEnded = true
      })
      // Whatever it does with that little, it does it while it has work; with none, until it has ended.
      const end = performance.now() + patienceMs
      for (let round = 0; !hasEnded && (round < 10 || (more === 0 && performance.now() < end)); round++) {
        await host.run(['ip', 'link', 'set', 'isp2', 'down'])
        await new Promise((resolve) => setTimeout(resolve, 150))
        await host.run(['ip', 'link', 'set', 'isp2', 'up'])
        await new Promise((resolve) => setTimeout(resolve, 150))
      }
      // With a little more it may get along.
      if (more === 0) expect(hasEnded).toBe(true)
      expect(await out('ip rule')).toContain('lookup 30098')
      expect(await balanced(host)).toContain('dev wan1')
      if (!hasEnded) daemon.signal('SIGKILL')
      await daemon.ended
      // As systemd would.
      const next = host.daemon()
      await expectNothingToDoSoon()
      await expect.poll(state).toBe(right)
      expect(next.told({ event: 'change', step: /^delete-|ruleset/ })).toEqual([])
    },
  )
})

describe('P14: more news than a monitor can take', () => {
  /** What happens after it has begun to lose news is what must not be missed. */
  const drops = (protocol: number) => async () =>
    readFileSync(`/proc/${host.pid}/net/netlink`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => Number(fields[1]) === protocol)
      .reduce((sum, fields) => sum + Number(fields[8] ?? 0), 0)

  test('of routes: a link that goes down meanwhile is seen, and all is as it should be', async () => {
    const daemon = host.daemon()
    let seen = await daemon.balances(['wan1', 'wan2'])
    await settled(daemon)
    const monitor = monitorOf(daemon, 'ip')
    process.kill(monitor, 'SIGSTOP')
    await storm()
    await expect.poll(drops(0)).toBeGreaterThan(0)
    await host.run(['ip', 'link', 'set', 'isp2', 'down'])
    await host.run(['ip', 'rule', 'del', 'priority', '32765', 'lookup', '30098'])
    process.kill(monitor, 'SIGCONT')
    seen = await daemon.balances(['wan1'], seen)
    await expectNothingToDo()
    expect(await balanced(host)).toBe('default via 10.1.0.1 dev wan1')
  })

  test('of nft: what is gone of our table meanwhile is put back', async () => {
    const daemon = host.daemon()
    const seen = await daemon.balances(['wan1', 'wan2'])
    await settled(daemon)
    const right = await state()
    const monitor = monitorOf(daemon, 'nft')
    process.kill(monitor, 'SIGSTOP')
    await nftStorm(drops(12))
    await host.run(['nft', 'delete', 'table', 'inet', 'ifbalance'])
    await host.run(['nft', 'delete', 'table', 'inet', 'others'])
    process.kill(monitor, 'SIGCONT')
    await daemon.balances(['wan1', 'wan2'], seen)
    expect(await state()).toBe(right)
  })

  /** 100,000 changes of somebody's table. */
  async function storm(): Promise<void> {
    const lines = Array.from(
      { length: 50_000 },
      (_, i) => `route add 172.${16 + (i >> 16)}.${(i >> 8) & 255}.${i & 255} dev lo table 77`,
    )
    const input = `${[...lines, ...lines.map((line) => line.replace('add', 'del'))].join('\n')}\n`
    await host.run(['ip', '-batch', '-'], {}, { input, timeoutMs: 60_000 })
  }

  /** Changes of somebody's table until some of their news are lost. */
  async function nftStorm(lost: () => Promise<number>): Promise<void> {
    const rules = Array.from(
      { length: 20_000 },
      (_, i) => `add rule inet others many ip saddr 10.${i >> 8}.${i & 255}.1 counter`,
    )
    await host.run(['nft', '-f', '-'], {}, { input: 'add table inet others\nadd chain inet others many\n' })
    for (let round = 0; round < 8 && (await lost()) === 0; round++) {
      await host.run(
        ['nft', '-f', '-'],
        {},
        { input: `flush chain inet others many\n${rules.join('\n')}\n`, timeoutMs: 60_000 },
      )
    }
    expect(await lost()).toBeGreaterThan(0)
  }
})
