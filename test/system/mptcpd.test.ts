/** mptcpd of Debian beside us: its endpoints are its own, ours step aside while it runs, and come when it and its are gone. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtDeb } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { lacksLab } from './needs.ts'

describe.skipIf(await lacksLab())('mptcpd', () => {
  let lab: Lab
  const shell = async (script: string) =>
    (await lab.machine.exec(['/bin/sh', '-ec', script], { timeoutMs: 5 * longPatienceMs })).stdout

  beforeAll(async () => {
    const packages = ['mptcpd', 'mptcpd-plugins']
    const progress = (line: string) => process.stdout.write(`  ${line}\n`)
    lab = await createLab({ release: 'trixie', stack: 'networkd', ipv6: true, packages, progress })
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(builtDeb(), `${lab.machine.root}/srv/now.deb`)
    await lab.boot()
  })
  afterAll(() => lab?.dispose())

  const endpoints = async () => (await shell('ip mptcp endpoint show | sort')).split('\n').filter(Boolean)
  /** Ours by their ids: those of two uplinks, of both families. */
  const isOurs = (line: string) => / id (65|66|129|130) /.test(line)
  const until = async (isSo: (lines: readonly string[]) => boolean) => {
    await expect.poll(endpoints, { timeout: longPatienceMs }).toSatisfy(isSo)
    return await endpoints()
  }
  /** mptcpd 0.13 makes them of IPv6 addresses, and of those IPv4 ones that come when it runs already. */
  const hasTheirs = (lines: readonly string[]) =>
    ['wan1', 'wan2'].every((device) => lines.some((line) => new RegExp(`^\\S*:\\S* .*dev ${device} `).test(line)))

  test('its endpoints and limits stay as they are when we are installed, used and booted', async () => {
    const theirs = await until(hasTheirs)
    const limits = await shell('ip mptcp limits show')
    await shell('dpkg -i /srv/now.deb; ifbalance apply')
    const then = await endpoints()
    expect(then).toEqual(expect.arrayContaining([...theirs]))
    expect(then.filter(isOurs)).toEqual([])
    expect(await shell('ip mptcp limits show')).toBe(limits)
    expect(await shell('ifbalance check | grep MPTCP')).toContain('MPTCP: left to mptcpd')
    await lab.reboot()
    await until(hasTheirs)
    await shell('ifbalance apply')
    expect((await endpoints()).filter(isOurs)).toEqual([])
  })

  test('while it runs there are none of ours, though it has none, and it makes one of an address that comes', async () => {
    await shell('ip mptcp endpoint flush; ifbalance apply')
    expect(await endpoints()).toEqual([])
    await shell('ip address add 2001:db8:1::77/64 dev wan1')
    await until((lines) => lines.length === 1 && lines.every((line) => line.startsWith('2001:db8:1::77 ')))
  })

  test('what it leaves when it is stopped is not ours; when that is gone, ours come, and a purge takes them', async () => {
    await shell('systemctl stop mptcp; ifbalance apply')
    expect((await endpoints()).filter(isOurs)).toEqual([])
    await shell('ip mptcp endpoint flush; ifbalance apply')
    expect((await endpoints()).filter(isOurs)).toHaveLength(4)
    await shell('dpkg -P ifbalance')
    expect(await endpoints()).toEqual([])
  })
})
