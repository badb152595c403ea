/** Connections are ended after the round that found them due, and late where many are: what is back by then goes on. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { Step } from '../../src/model/step.ts'
import { forgetConnections } from '../../src/reconcile/diff.ts'
import { endConnections, reconcile } from '../../src/reconcile/reconcile.ts'
import { configOf } from '../config-of.ts'
import { run } from '../lab/run.ts'
import { scenario } from './namespace.ts'
import { twoUplinks } from './world.ts'

/** Takes much longer than a round: a program for each address. */
const slow: Step = {
  kind: 'close-sockets',
  uplink: 'wan1',
  addresses: Array.from({ length: 500 }, (_, index) => `10.99.${index >> 8}.${index & 255}`),
}

const play = await scenario(import.meta, async () => {
  await twoUplinks()
  const config = configOf('')
  await reconcile(config)
  const seen: Record<string, number> = {}

  await hold('10.2.0.2')
  await changeAddress('10.2.0.2', '10.2.0.60')
  const { applied, forgotten } = await reconcile(config)
  await forgotten
  seen['of the address that left'] = await held('10.2.0.2')
  await changeAddress('10.2.0.60', '10.2.0.2')
  await (await reconcile(config)).forgotten
  await hold('10.2.0.2')
  const late = applied.filter(({ kind }) => kind === 'close-sockets')
  await endConnections(late, config)
  seen['of the address that is back'] = await held('10.2.0.2')

  const { desired } = await reconcile(config)
  const [uplink] = desired.uplinks.filter(({ name }) => name === 'wan2')
  if (!uplink) throw new Error('no wan2')
  const dead = forgetConnections(uplink, 'inet', desired.uplinks, config.layout)
  const ended = endConnections([slow, dead], config)
  await reconcile(config)
  await ended
  seen['of the line that is back'] = await held('10.2.0.2')
  await endConnections([dead], config)
  seen['of the line that is not known to be back'] = await held('10.2.0.2')
  return { late: late.length, seen }
})

/** As a DHCP client does with a new lease. */
async function changeAddress(former: string, next: string): Promise<void> {
  const lines = [
    `addr del ${former}/24 dev wan2`,
    `addr add ${next}/24 dev wan2`,
    'route replace default via 10.2.0.1 dev wan2 metric 1002',
  ]
  await run('/usr/sbin/ip', ['-batch', '-'], { input: lines.join('\n') })
}

/** Has a connected datagram socket with this address, until the scenario ends. */
async function hold(address: string): Promise<void> {
  const socket = createSocket('udp4').on('error', () => socket.close())
  socket.bind(0, address)
  await once(socket, 'listening')
  socket.connect(2000, '203.0.113.1')
  await once(socket, 'connect')
}

async function held(address: string): Promise<number> {
  const { stdout } = await run('/usr/bin/ss', ['-Hun', 'state', 'connected', 'src', address])
  return stdout.split('\n').length - 1
}

test('sockets of an address, and connections of a line, that are back go on', async () => {
  expect(await play({})).toEqual({
    late: 1,
    seen: {
      'of the address that left': 0,
      'of the address that is back': 1,
      'of the line that is back': 1,
      'of the line that is not known to be back': 0,
    },
  })
})
