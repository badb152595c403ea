/** `ifbalance exec`: real systemd, polkit and nft of both releases, and a program without a dynamic linker. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtDeb } from '../lab/deb.ts'
import { createLab, type Lab } from '../lab/lab.ts'
import { addresses, ports } from '../lab/names.ts'
import { lacksLab } from './needs.ts'

const polkitRule = `polkit.addRule(function (action, subject) {
  if (action.id == 'org.freedesktop.systemd1.manage-units' && subject.user == 'nobody') return polkit.Result.YES
})
`

/** As an ordinary user without any privilege. */
const asNobody = ['/usr/bin/setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all']

/** The server says who it sees. Eight times, so that a balance would show. */
const whoAmI = (server: string) =>
  ['/bin/busybox', 'sh', '-c', `for i in 1 2 3 4 5 6 7 8; do busybox nc -w 2 ${server} ${ports.whoAmI}; done`] as const

const missing = await lacksLab()

describe.skipIf(missing).each(['bookworm', 'trixie'] as const)('%s', (release) => {
  let lab: Lab
  const run = (...argv: readonly string[]) => lab.machine.exec(argv)

  beforeAll(async () => {
    const packages = ['busybox-static', 'polkitd']
    const progress = (line: string) => process.stdout.write(`  ${line}\n`)
    lab = await createLab({ release, stack: 'networkd', ipv6: true, packages, progress })
    mkdirSync(`${lab.machine.root}/srv`, { recursive: true })
    copyFileSync(builtDeb(), `${lab.machine.root}/srv/now.deb`)
    await lab.boot()
    await run('/usr/bin/dpkg', '-i', '/srv/now.deb')
  })
  afterAll(() => lab?.dispose())

  /** Runs it on the uplink; gives the exit code and what it said. */
  async function exec(uplink: string, command: readonly string[], before: readonly string[] = []) {
    const argv = [...before, '/usr/sbin/ifbalance', 'exec', uplink, '--', ...command]
    const { exitCode, stdout, stderr } = await lab.machine.exec(argv, { accept: [...Array(256).keys()] })
    return { exitCode, stdout, stderr: stderr.replaceAll(/^(<\d>|ifbalance: )/gm, '') }
  }

  const peers = (text: string) => [...new Set(text.trim().split('\n'))]

  test.each([1, 2])('a static program uses uplink %d alone, in both families', async (isp) => {
    const [inet, inet6] = [
      await exec(`wan${isp}`, whoAmI(addresses.server)),
      await exec(`wan${isp}`, whoAmI(addresses.server6)),
    ]
    expect(inet).toMatchObject({ exitCode: 0, stderr: '' })
    expect([peers(inet.stdout), peers(inet6.stdout)]).toEqual([[addresses.publicOf(isp)], [addresses.public6Of(isp)]])
    // The release's own nft lists what it was given as we write it.
    expect((await run('/usr/sbin/ifbalance', 'plan')).stdout).toBe('Nothing to change.\n')
  })

  test('the command has what its caller had, and its exit code is ours', async () => {
    const script = 'ulimit -Sn; grep SigIgn /proc/self/status; for i in 1 2; do grep flags /proc/self/fdinfo/$i; done'
    const shell = ['/bin/sh', '-c', script]
    const plain = await lab.machine.exec([...limited, ...shell])
    expect((await exec('wan1', shell, limited)).stdout).toBe(plain.stdout)
    expect(plain.stdout).toMatch(/^1000\nSigIgn:\t0+\n/)
    for (const [command, exitCode] of [
      [['/bin/sh', '-c', 'exit 42'], 42],
      [['/bin/sh', '-c', 'kill -TERM $$'], 128 + 15],
      [['/etc/passwd'], 126],
      [['no-such-command'], 127],
    ] as const) {
      // env(1) of nsenter's shell gives a signal as a code.
      const argv = ['/bin/sh', '-c', '"$@"; exit $?', 'sh', '/usr/sbin/ifbalance', 'exec', 'wan1', '--', ...command]
      expect((await lab.machine.exec(argv, { accept: [exitCode] })).exitCode).toBe(exitCode)
    }
    expect(await exec('wan3', ['/bin/true'])).toMatchObject({
      ...{ exitCode: 125, stderr: 'exec: there is no uplink "wan3"; did you mean wan1?\n' },
    })
  })

  test('who is not root may where polkit says so', async () => {
    const rule = `${lab.machine.root}/etc/polkit-1/rules.d/10-test.rules`
    const refused = await exec('wan2', ['/bin/true'], asNobody)
    expect(refused).toMatchObject({ exitCode: 125, stderr: 'exec: Interactive authentication required.\n' })
    writeFileSync(rule, polkitRule)
    await run('/usr/bin/systemctl', 'restart', 'polkit')
    const { stdout } = await exec('wan2', whoAmI(addresses.server), asNobody)
    expect(peers(stdout)).toEqual([addresses.publicOf(2)])
    expect((await exec('wan2', ['/usr/bin/id', '-u'], asNobody)).stdout).toBe('65534\n')
    rmSync(rule)
  })

  test('a service in the slice, from its first packet', async () => {
    const call = 'busctl call org.ifbalance1 /org/ifbalance1 org.ifbalance1.Manager FollowSlice s wan2'
    await run('/usr/bin/systemctl', 'stop', 'ifbalance-wan2.slice')
    const unit = `[Service]
Type=oneshot
Slice=ifbalance-wan2.slice
ExecStartPre=${call}
ExecStart=${whoAmI(addresses.server).slice(0, 3).join(' ')} '${whoAmI(addresses.server)[3]}'
StandardOutput=file:/srv/peers
`
    writeFileSync(`${lab.machine.root}/etc/systemd/system/one.service`, unit)
    await run('/usr/bin/systemctl', 'daemon-reload')
    await run('/usr/bin/systemctl', 'start', 'one.service')
    expect(peers((await run('/usr/bin/tail', '-n', '8', '/srv/peers')).stdout)).toEqual([addresses.publicOf(2)])
  })

  test('without a daemon, root alone may; without systemd, nobody', async () => {
    await run('/usr/bin/systemctl', 'stop', 'ifbalance.service', 'ifbalance-wan1.slice')
    const { stdout } = await exec('wan1', whoAmI(addresses.server))
    expect(peers(stdout)).toEqual([addresses.publicOf(1)])
    const without = ['/usr/bin/unshare', '-m', '/bin/sh', '-c', 'mount -t tmpfs t /run/systemd; exec "$@"', 'sh']
    const { exitCode, stderr } = await exec('wan1', ['/bin/true'], without)
    expect(exitCode).toBe(125)
    expect(stderr).toMatch(/^exec: this needs systemd as the init system/)
  })
})

/** Other limits than the hard ones, and pipes for both outputs. */
const limited = ['/usr/bin/prlimit', '--nofile=1000:', '/bin/sh', '-c', '"$@"', 'sh']
