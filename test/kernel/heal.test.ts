/** F2-F5, F11, F12: what others take away is back at once, whatever tool took it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { median, record } from '../lab/measurements.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { settled } from './daemon-children.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { balancing } from './transcript.ts'

const attacks: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'F2 ip rule flush': [
    ['ip', 'rule', 'flush'],
    ['ip', 'rule', 'add', 'priority', '32766', 'lookup', 'main'],
  ],
  'F3 ip route flush table': [['ip', 'route', 'flush', 'table', '30001']],
  'F3 the balanced default deleted': [['ip', 'route', 'del', 'default', 'table', '30098']],
  'F3 the balanced default replaced': [
    ['ip', 'route', 'replace', 'default', 'via', '10.1.0.1', 'dev', 'wan1', 'table', '30098', 'proto', 'kernel'],
  ],
  'a default of ours replaced by another program': [
    ['ip', 'route', 'replace', 'default', 'via', '10.1.0.1', 'dev', 'wan1', 'table', '30002', 'proto', 'static'],
  ],
  'F4 nft flush ruleset': [['nft', 'flush', 'ruleset']],
  'F4 a chain emptied': [['nft', 'flush', 'chain', 'inet', 'ifbalance', 'pin']],
  'F4 a rule added': [['nft', 'insert', 'rule', 'inet', 'ifbalance', 'output', 'counter', 'return']],
  'F12 rp_filter set': [['sysctl', '-qw', 'net/ipv4/conf/wan1/rp_filter=1']],
  'F12 hash policy set': [['sysctl', '-qw', 'net/ipv4/fib_multipath_hash_policy=0']],
  'F12 a rule behind ours': [['ip', 'rule', 'add', 'priority', '32765', 'to', '203.0.113.0/24', 'lookup', 'main']],
}

describe('healing', () => {
  let host: Host
  let daemon: Running
  let seen: number

  // A new one for each: it grows slow where somebody keeps undoing its work (F11).
  beforeEach(async () => {
    host = await startHost()
    daemon = host.daemon()
    seen = await daemon.balances(['wan1', 'wan2'])
    await settled(daemon)
  })
  afterEach(() => host?.end())

  test.each(Object.entries(attacks))(
    '%s',
    async (name, commands) => {
      const times: number[] = []
      for (let round = 0; round < 20; round++) {
        const began = performance.now()
        for (const command of commands) await host.run(command)
        seen = await daemon.balances(['wan1', 'wan2'], seen)
        times.push(performance.now() - began)
        if (name.endsWith('behind ours')) {
          await host.run(['ip', 'rule', 'del', 'priority', '32765', 'to', '203.0.113.0/24'])
        }
      }
      const plan = await host.ifbalance(['plan'])
      expect(plan.stdout).toContain('Nothing')
      const where = { release: 'namespace', stack: 'kernel', unit: 'ms' }
      record({ ...where, name: `healed after ${name} (median of 20)`, value: median(times), limit: 500 })
      record({ ...where, name: `healed after ${name} (worst of 20)`, value: Math.max(...times), limit: 1500 })
    },
    180_000,
  )
})

test('F4 a table that others flush is back before anything else is looked at', async () => {
  const host = await startHost()
  try {
    const daemon = host.daemon()
    const seen = await daemon.balances(['wan1', 'wan2'])
    await settled(daemon)
    const table = async () => (await host.run(listTable, {}, { accept: [0, 1] })).stdout
    const before = await table()
    // Every look at the world waits for so long.
    await host.run(['mv', '/usr/sbin/ip', '/usr/sbin/ip.real'])
    const waiting = '#!/bin/sh\nwhile [ -e /run/wait ]; do sleep 0.05; done\nexec /usr/sbin/ip.real "$@"\n'
    await host.write('/run/wait', '')
    await host.write('/usr/sbin/ip', waiting)
    await host.run(['chmod', '755', '/usr/sbin/ip'])
    await host.run(['nft', 'flush', 'ruleset'])
    await expect.poll(table).toBe(before)
    expect(daemon.said().slice(seen)).toEqual([])
    await host.run(['rm', '/run/wait'])
    await daemon.tells(balancing, seen)
    expect((await host.ifbalance(['plan'])).stdout).toContain('Nothing')
  } finally {
    await host.end()
  }
})

const listTable = ['nft', '-s', 'list', 'table', 'inet', 'ifbalance']

test('F11 what is removed again and again is put back with patience, and the status says so', async () => {
  const host = await startHost()
  try {
    const daemon = host.daemon()
    let seen = await daemon.balances(['wan1', 'wan2'])
    const rule = ['ip', 'rule', 'del', 'priority', '32765', 'lookup', '30098']
    const status = async () => (await host.ifbalance(['status'])).stderr
    // However long forty repairs take here: each is undone as soon as it is told.
    let repairs = 0
    for (; repairs < 100 && !(repairs >= 30 && (await status()).includes('keeps undoing')); repairs++) {
      await host.run(rule)
      seen = await daemon.tells(balancing, seen)
    }
    expect(repairs).toBeLessThan(100)

    // How often it repairs from then on shows in time alone, whatever is done how often.
    const began = performance.now()
    const loop = host.start(['/bin/sh', '-c', `while :; do ${rule.join(' ')} 2>/dev/null; sleep 0.05; done`])
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    loop.signal('SIGKILL')
    await loop.ended
    const seconds = (performance.now() - began) / 1000
    const patient = daemon.told(balancing, seen).length
    process.stdout.write(`  F11: ${repairs} repairs, then ${patient} in ${Math.round(seconds)} s\n`)
    expect(patient).toBeLessThanOrEqual(seconds / 5 + 2)
    // And in the end all is as it should be.
    const pair = async () => (await host.run(['ip', 'rule', 'show', 'priority', '32765'])).stdout
    await expect.poll(pair, { timeout: longPatienceMs }).toContain('30098')
  } finally {
    await host.end()
  }
})
