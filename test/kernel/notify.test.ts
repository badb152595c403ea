/** What `ifbalance notify` tells by what it hears of the daemon on a real bus: quotas, and a standby line that nobody would miss. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { longPatienceMs } from '../lab/patience.ts'
import { answers, names, prepareBus, startSystemBus } from './daemon-bus.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'

let host: Host
let daemon: Running
beforeEach(async () => {
  host = await startHost()
  await prepareBus(host)
  await startSystemBus(host)
})
afterEach(() => host.end())

const configuration = `[uplink wan1]
interface = wan1
quota = 1M

[uplink wan2]
interface = wan2
standby = yes

[notify]
command = /etc/ifbalance/tell
after = 1s
`
/** What /var/lib has is kept out of the way. */
const ownFolder = `mkdir -p /run/upper/lib /run/work/lib
mount -t overlay -o lowerdir=/var/lib,upperdir=/run/upper/lib,workdir=/run/work/lib overlay /var/lib
mkdir -p /var/lib/ifbalance /var/lib/ifbalance-notify`

async function startDaemon(): Promise<void> {
  daemon = host.daemon()
  await answers(host, names.service, names.root)
}

/** Sends so many bytes by wan1, to everyone, as nobody answers here. */
async function send(kilobytes: number): Promise<void> {
  const count = String(kilobytes)
  const ping = ['ping', '-b', '-q', '-c', count, '-i', '0.001', '-W', '0.01', '-s', '958', '-I', 'wan1', '10.1.0.255']
  await host.run(ping, {}, { accept: [0, 1] })
}

test('quotas at 80 and at 100 %, and a standby line that died unnoticed, are told once each', async () => {
  await host.run(['sh', '-c', ownFolder])
  await host.write('/etc/ifbalance/conf.d/50-notify.conf', configuration)
  await host.write('/etc/ifbalance/tell', '#!/bin/sh\ncat >>/run/told\n')
  await host.run(['chmod', '755', '/etc/ifbalance/tell'])
  const told = async () =>
    (await host.run(['sh', '-c', 'cat /run/told 2>/dev/null || true'])).stdout.split('\n').slice(0, -1)
  const tells = (...lines: readonly unknown[]) =>
    expect.poll(told, { timeout: longPatienceMs, interval: 100 }).toEqual(lines)
  await startDaemon()
  host.start(['/usr/sbin/ifbalance', 'notify'])

  await host.run(['ip', 'link', 'set', 'isp2', 'down'])
  const unnoticed = 'and nothing uses it that would have noticed: no carrier'
  const dead = expect.stringMatching(new RegExp(`^wan2 \\(standby\\) is out since [\\d: -]{19}, ${unnoticed}$`))
  await tells(dead)

  await send(850)
  // Counts are written down each minute, and at the end.
  daemon.signal('SIGTERM')
  await daemon.ended
  await startDaemon()
  await tells(dead, 'wan1 has used 80 % of its quota')
  await send(200)
  await tells(dead, 'wan1 has used 80 % of its quota', 'wan1 has used 100 % of its quota')
  expect((await host.ifbalance(['status'])).stdout).toMatch(/^Quota of wan1: .* of 1 MB used, .* too many\.$/m)
})
