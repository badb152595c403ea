/**
 * Messages about outages: the package's units under a real systemd, a real mail server, a web server and a command; and a mail by a
 * program of hooks.d. With IFBALANCE_MAIL=all (`npm run test:mail`) by Debian's usual mail servers, too.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { programArgv, type Running, startIn, waitForLine } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { addresses } from '../lab/names.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { lacksLab } from './needs.ts'
import { takeDownWan2, takeUpWan2 } from './stack-actions.ts'

const port = 8099
const notify = `[notify]
mail = root
command = /usr/local/bin/tell two words
webhook = http://${addresses.server}:${port}/hook
after = 2s
`
/** It needs a set-group-id program's right to run, as mail programs do. */
const tell = `#!/bin/sh
{ id -un; echo "$1|$2|$SUBJECT"; cat; } >>/srv/told
grep NoNewPrivs /proc/self/status >>/srv/told
`

/** A program of the administrator's: its mail goes by a set-group-id program, too. */
const hook = `#!/bin/sh
printf 'To: root\\nSubject: hook %s %s\\n\\n%s\\n' "$UPLINK" "$STATE" "$REASON" | /usr/sbin/sendmail -i -t
`

/** Where root's mail goes by what each package sets up by itself: Debian's exim never delivers as root. */
const mailServers = [
  { release: 'bookworm', server: 'dma', mailbox: '/var/mail/root' },
  { release: 'bookworm', server: 'exim4-daemon-light', mailbox: '/var/mail/mail' },
  { release: 'bookworm', server: 'postfix', mailbox: '/var/mail/root' },
  { release: 'trixie', server: 'exim4-daemon-light', mailbox: '/var/mail/mail' },
  { release: 'trixie', server: 'postfix', mailbox: '/var/mail/root' },
] as const

const missing = await lacksLab()
const played = process.env['IFBALANCE_MAIL'] === 'all' ? mailServers : mailServers.slice(0, 1)

describe.skipIf(missing).each(played)('$release, $server', ({ release, server, mailbox }) => {
  let lab: Lab
  let web: Running
  const posted: string[] = []
  const run = (...argv: readonly string[]) => lab.machine.exec(argv)
  const isActive = async (unit: string) =>
    (await lab.machine.exec(['/usr/bin/systemctl', 'is-active', unit], { accept: [0, 3, 4] })).stdout.trim()
  const read = (path: string) =>
    existsSync(`${lab.machine.root}${path}`) ? readFileSync(`${lab.machine.root}${path}`, 'utf8') : ''
  const subjects = () => [...read(mailbox).matchAll(/^Subject: .*: (.*)$/gm)].map(([, subject]) => subject)
  const poll = { timeout: longPatienceMs }

  beforeAll(async () => {
    const progress = (line: string) => process.stdout.write(`  ${line}\n`)
    lab = await createLab({ release, stack: 'networkd', packages: [server], progress })
    for (const folder of ['/srv', '/usr/local/bin']) mkdirSync(lab.machine.root + folder, { recursive: true })
    copyFileSync(builtDeb(), `${lab.machine.root}/srv/now.deb`)
    // A mail server asks for its host's own name, and there is nobody to ask while it boots.
    writeFileSync(`${lab.machine.root}/etc/hostname`, 'router\n')
    writeFileSync(`${lab.machine.root}/etc/hosts`, '127.0.0.1 localhost\n127.0.1.1 router\n')
    await lab.boot()
    web = await startIn(lab.network.internet, programArgv('webhook', [String(port)]))
    await waitForLine(web, (line) => line === 'ready')
    web.onLine((line) => line !== 'ready' && posted.push(line))
    writeFileSync(`${lab.machine.root}/usr/local/bin/tell`, tell, { mode: 0o755 })
    await run('/usr/bin/install', '-m', '0666', '/dev/null', '/srv/told')
    await run('/usr/bin/dpkg', '-i', '/srv/now.deb')
    await lab.machine.exec(['/usr/bin/tee', '/etc/ifbalance/hooks.d/mail'], { input: hook })
    await run('/usr/bin/chmod', '755', '/etc/ifbalance/hooks.d/mail')
  })
  afterAll(async () => {
    await web?.stop()
    await lab?.dispose()
  })

  test('nothing runs while nobody is to be told, and a reload starts it', async () => {
    expect([await isActive('ifbalance-notify.path'), await isActive('ifbalance-notify.service')]).toEqual([
      'active',
      'inactive',
    ])
    await lab.machine.exec(['/usr/bin/tee', '/etc/ifbalance/conf.d/50-notify.conf'], { input: notify })
    await run('/usr/bin/chown', 'root:ifbalance', '/etc/ifbalance/conf.d/50-notify.conf')
    await run('/usr/bin/chmod', '0640', '/etc/ifbalance/conf.d/50-notify.conf')
    await run('/usr/bin/systemctl', 'reload', 'ifbalance')
    await expect.poll(() => isActive('ifbalance-notify.service'), poll).toBe('active')
    expect((await lab.machine.exec(['/usr/sbin/ifbalance', 'check'], { accept: [0, 1] })).stdout).not.toMatch(/notify/)
    const exposure = await run('/usr/bin/systemd-analyze', 'security', '--no-pager', 'ifbalance-notify.service')
    const [, level = '10'] = /Overall exposure level for \S+: ([\d.]+)/.exec(exposure.stdout) ?? []
    expect(Number(level)).toBeLessThan(2)
  })

  test('an outage and its end arrive in a mailbox, at a web server and by a command, once each', async () => {
    await takeDownWan2(lab)
    await expect.poll(subjects, poll).toEqual(['wan2 is out'])
    await expect.poll(() => posted.length, poll).toBe(1)
    await expect.poll(() => read('/srv/told'), poll).toMatch(/NoNewPrivs:\t0\n$/)
    expect(read('/srv/told')).toMatch(
      /^ifbalance-notify\ntwo\|words\|\S+: wan2 is out\nwan2 is out since [\d: -]+: .*\nNoNewPrivs:\t0\n$/,
    )
    await expect.poll(() => read(mailbox), poll).toMatch(/^Subject: hook wan2 down$/m)
    // Nothing of this is told once more by another process.
    await run('/usr/bin/systemctl', 'restart', 'ifbalance-notify', 'ifbalance')
    await takeUpWan2(lab)
    await expect.poll(subjects, poll).toEqual(['wan2 is out', 'wan2 is back'])
    expect(read(mailbox)).toMatch(/^wan2 is back since [\d: -]+, after \d+ s \(out since [\d: -]+\)$/m)
    await expect.poll(() => posted.length, poll).toBe(2)
    expect(posted[1]).toMatch(/^POST \/hook \{"format":1,.*"items":\[\{"uplink":"wan2","back":\{/)
  })

  test('what cannot be posted while no line works arrives when one does, after a restart as well', async () => {
    const was = posted.length
    await run('/usr/bin/networkctl', 'down', 'wan1', 'wan2')
    await expect.poll(() => read(mailbox), poll).toMatch(/^no uplink works since/m)
    await run('/usr/bin/systemctl', 'restart', 'ifbalance-notify')
    expect(posted).toHaveLength(was)
    await run('/usr/bin/networkctl', 'up', 'wan1', 'wan2')
    await lab.waitOnline(['wan1', 'wan2'])
    await expect.poll(() => posted.slice(was).join('\n'), poll).toMatch(/"uplink":"","out":.*\n.*"uplink":"","back":/)
  })

  test('nothing runs any more when nobody is to be told', async () => {
    await run('/usr/bin/rm', '/etc/ifbalance/conf.d/50-notify.conf')
    await run('/usr/bin/systemctl', 'reload', 'ifbalance')
    await expect.poll(() => isActive('ifbalance-notify.service'), poll).toBe('inactive')
    await run('/usr/bin/dpkg', '-P', 'ifbalance')
    expect(existsSync(`${lab.machine.root}/var/lib/ifbalance-notify`)).toBe(false)
    expect(await isActive('ifbalance-notify.path')).not.toBe('active')
    expect(await isActive('ifbalance-notify-send.socket')).not.toBe('active')
    expect(await isActive('ifbalance-hooks.socket')).not.toBe('active')
    expect((await run('/usr/bin/find', '/run', '-name', 'ifbalance*')).stdout).toBe('')
  })
})
