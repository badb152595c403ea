/** An answer that came in time is one, however late this process reads it. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { probeOnce } from '../../../../src/lines/probes/probe-once.ts'
import { settingsOf } from '../simulation.ts'

test('a process that is kept busy for longer than the answer may take has not missed it', async () => {
  const server = createSocket('udp4')
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  server.on('message', (asked, from) => {
    const answer = Buffer.from(asked)
    answer[2] = 0x81
    answer[3] = 0x83
    // It lies in the socket while nobody reads.
    server.send(answer, from.port, from.address, () => {
      const end = performance.now() + 700
      while (performance.now() < end);
    })
  })
  const settings = { ...settingsOf(), kind: 'dns', name: 'a.test' } as const
  const way = { uplink: 'lo', family: 'inet', device: 'lo', gateway: null, source: '127.0.0.1' } as const
  const target = `127.0.0.1:${server.address().port}`
  const ask = () => probeOnce(way, settings, target, 200, new AbortController().signal)
  expect((await ask()).rttMs).toBeGreaterThan(0)
  server.removeAllListeners('message')
  expect((await ask()).rttMs).toBeNull()
  server.close()
})
