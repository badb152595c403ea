/** systemd's side of WatchdogSec= is a datagram socket; here it is a real one, at which somebody else listens. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Host, startHost } from './daemon-host.ts'
import { eventsToo } from './transcript.ts'

let host: Host

beforeEach(async () => {
  host = await startHost()
})

afterEach(() => host.end())

/** Says each message that arrives. Descriptors that come along are closed, which is what systemd-notify waits for. */
const listener = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('/run/notify')
print('listening', file=sys.stderr, flush=True)
while True: print(s.recv(4096).decode(), file=sys.stderr, flush=True)`

test('a daemon that works tells the watchdog; one whose rounds do not end falls silent, and speaks again after', async () => {
  const systemd = host.start(['/usr/bin/python3', '-c', listener])
  let heard = await systemd.says(/listening/)
  // Two seconds, of which half must pass without a round: the lock, held by somebody else, is what rounds wait for.
  const daemon = host.start([
    'env',
    'NOTIFY_SOCKET=/run/notify',
    'WATCHDOG_USEC=2000000',
    eventsToo,
    '/usr/sbin/ifbalance',
    'daemon',
  ])
  await daemon.balances(['wan1', 'wan2'])
  heard = await systemd.says(/^WATCHDOG=1$/, heard)

  const holder = host.start([
    'flock',
    '--no-fork',
    '/run/ifbalance/lock',
    'sh',
    '-c',
    'echo held >&2; exec cat /dev/zero >/dev/null',
  ])
  await holder.says(/held/)
  await host.run(['ip', 'link', 'set', 'isp2', 'down'])
  // Silence is time in which nothing is said.
  const silence = async () => {
    for (let before = -1; before !== systemd.said().length; ) {
      before = systemd.said().length
      await new Promise((resolve) => setTimeout(resolve, 1100))
    }
  }
  await silence()
  expect(daemon.told({ event: 'round', carrying: ['wan1'] })).toEqual([])

  heard = systemd.said().length
  holder.signal('SIGKILL')
  await daemon.balances(['wan1'])
  await systemd.says(/^WATCHDOG=1$/, heard)
})
