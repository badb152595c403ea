/** Lines of unlike speed, and downloads of a LAN over them: nobody says anything, and each line gets what it can carry. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lines, load, serveTransfers, shapeLines } from '../lab/loaded-lines.ts'
import { record } from '../lab/measurements.ts'
import { longPatienceMs } from '../lab/patience.ts'
import { openSessions } from '../lab/traffic.ts'
import { type HealthLab, healthLab } from './health-lab.ts'
import { until } from './health-states.ts'

let lab: HealthLab

const clients = { concurrent: 64, bytes: 250_000 }
const lines = (...mbit: readonly [number, number]): Lines => ({ down: mbit, up: mbit, way: 'down' })
const balanced = (family: '-4' | '-6' = '-4', metric = '0') =>
  lab.exec(['/usr/sbin/ip', family, 'route', 'show', 'table', '30098', 'default', 'metric', metric])

async function weights(...of: Parameters<typeof balanced>): Promise<readonly number[]> {
  return [...(await balanced(...of)).matchAll(/weight (\d+)/g)].map(([, weight]) => Number(weight))
}

beforeAll(async () => {
  lab = await healthLab({ ipv6: true })
  await serve()
})
afterAll(() => lab?.dispose())

async function serve(): Promise<void> {
  const server = await serveTransfers(lab.network, clients.bytes, 'down')
  lab.undo.defer('the server of transfers', () => server.stop())
}

test('lines of 40 and 10 Mbit/s carry what they can, without a word, and at rest nothing changes', async () => {
  await shapeLines(lab.network, lines(40, 10))
  await lab.startDaemon()
  expect(await weights()).toEqual([1, 1])
  const { shares } = await load(lab.network, lines(40, 10), clients, [
    [5, 30],
    [30, 40],
  ])
  const figure = { unit: '%', limit: null, release: 'namespaces', stack: 'static' }
  record({ ...figure, name: 'of 40 + 10 Mbit/s, carried in the first half minute', value: 100 * (shares[0] ?? 0) })
  record({ ...figure, name: 'of 40 + 10 Mbit/s, carried after it', value: 100 * (shares[1] ?? 0), least: 90 })
  const [fast = 0, slow = 1] = await weights()
  expect(fast).toBeGreaterThan(1.5 * slow)
  expect(await lab.ifbalance(['status'])).toMatch(
    new RegExp(`Weight of wan1: ${fast}, auto: [\\d.]+ of about [\\d.]+ Mbit/s down\\.`),
  )
  // What the last transfers say is still heard; from then on only probes are.
  const rested = { since: Date.now(), route: '' }
  await until(
    lab,
    'nothing changes',
    async () => {
      const route = await balanced()
      if (route !== rested.route) Object.assign(rested, { since: Date.now(), route })
      return Date.now() - rested.since > 8000
    },
    longPatienceMs,
  )

  await lab.stopDaemon()
  expect(await balanced()).toBe(rested.route)
  expect(await weights('-6', '1024')).toEqual(await weights())
  // A hook keeps what the daemon has found out, and so does the next daemon, after a boot as well.
  await lab.ifbalance(['hook', 'networkmanager'])
  expect(await balanced()).toBe(rested.route)
  await lab.exec(['/bin/rm', '/run/ifbalance/weights.json'])
  await lab.startDaemon()
  await until(lab, 'weights as before', async () => {
    const [first = 0, second = 1] = await weights()
    return first > 1.5 * second
  })
  await lab.stopDaemon()
})

test('sessions that keep their own pace say nothing of what lines can carry', async () => {
  await lab.exec(['/bin/rm', '-f', '/run/ifbalance/weights.json', '/var/lib/ifbalance/lines.json'])
  await lab.startDaemon()
  const sessions = await openSessions(lab.network.lan, 12, 12, 10)
  const begun = Date.now()
  const seen = new Set<string>()
  await until(lab, 'a quarter of a minute of learning', async () => {
    const { lines } = JSON.parse(await lab.exec(['/bin/cat', '/run/ifbalance/weights.json']))
    const [one, two] = ['wan1', 'wan2'].map((name) => lines[name].down)
    if (one.carries > 0 && two.carries > 0) seen.add(JSON.stringify([one.sure, two.sure]))
    return Date.now() - begun > 15_000 && seen.size > 0
  })
  await sessions.stop()
  expect([...seen]).toEqual(['["at-least","at-least"]'])
  expect(await weights()).toEqual([1, 1])
  await lab.stopDaemon()
})

test('lines that are equal stay equal', async () => {
  await lab.exec(['/bin/rm', '-f', '/run/ifbalance/weights.json', '/var/lib/ifbalance/lines.json'])
  await shapeLines(lab.network, lines(20, 20))
  await lab.startDaemon()
  const { shares } = await load(lab.network, lines(20, 20), clients, [[5, 20]])
  const [one = 0, other = 1] = await weights()
  const figure = { unit: '%', limit: null, release: 'namespaces', stack: 'static' }
  record({ ...figure, name: 'of 20 + 20 Mbit/s, carried', value: 100 * (shares[0] ?? 0), least: 85 })
  record({
    ...figure,
    name: 'the lighter one of two equal lines, of the other one',
    value: (100 * Math.min(one, other)) / Math.max(one, other),
    least: 60,
  })
  await lab.stopDaemon()
})
