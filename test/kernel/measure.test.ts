/** `ifbalance measure`: a line that is shaped is filled on purpose, and the daemon keeps what it carried. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { programArgv, startIn, waitForLine } from '../lab/command.ts'
import { addresses } from '../lab/names.ts'
import { shape } from '../lab/shaped-lines.ts'
import { type HealthLab, healthLab } from './health-lab.ts'
import { until } from './health-states.ts'

const port = 8090
const file = `http://${addresses.server}:${port}/file`

let lab: HealthLab

beforeAll(async () => {
  lab = await healthLab()
  const server = await startIn(lab.network.internet, programArgv('large-file', [String(port), '2000000']))
  lab.undo.defer('the server of a file', () => server.stop())
  await waitForLine(server, (line) => line === 'ready')
  for (const [i, isp] of lab.network.isps.entries()) await shape(isp, i === 0 ? 40 : 8)
  // The daemon's user, whose sockets no rule moves.
  await lab.exec(['/bin/sh', '-c', 'echo ifbalance:x:997:997::/:/bin/false >>/etc/passwd'])
  await lab.configure(
    `[uplink wan1]\n[uplink wan2]\nmetered = yes\n[rule all]\nport = ${port}\nuplinks = wan1\nlast-resort = unreachable\n`,
  )
  await lab.startDaemon()
})
afterAll(() => lab?.dispose())

/** What it says, and its exit code. */
async function measure(...words: readonly string[]): Promise<string> {
  // No terminal is there to ask on.
  return await lab.exec(['/bin/sh', '-c', `exec 2>&1 </dev/null; "$@"; echo "exit $?"`, 'sh', ...command, ...words])
}

let command: readonly string[] = []
beforeAll(async () => {
  const { program } = await import('../lab/program.ts')
  command = [...program, 'measure']
})

const rateIn = (text: string) => Number(/(\S+) Mbit\/s down/.exec(text)?.[1])
/** What is known of the second line; nothing before the daemon has written it down. */
const known = async () => {
  const text = await lab.exec(['/bin/cat', '/run/ifbalance/weights.json'])
  return text === '' ? {} : (JSON.parse(text).lines?.wan2?.down ?? {})
}

test('what is wrong with a call, or a server, is said, and nothing is kept', async () => {
  expect(await measure('wan2')).toMatch(/expected --url.*exit 2\n$/s)
  for (const url of ['file:///etc/passwd', 'http://user:pw@203.0.113.1/', 'http://'])
    expect(await measure('--url', url, 'wan2')).toMatch(/--url: expected http:\/\/HOST.*exit 2\n$/s)
  expect(await measure('--url', file, '--seconds', '61', 'wan2')).toMatch(/expected 2 to 60.*exit 2\n$/s)
  expect(await measure('--url', file, 'wan3')).toMatch(/there is no uplink "wan3".*exit 2\n$/s)
  expect(await measure('--url', file, 'wan2')).toMatch(
    /wan2 is metered: 10 s cost 13 MB for each 10 Mbit\/s that it carries\. Say --yes.*exit 1\n$/s,
  )
  const away = file.replace('/file', '/')
  expect(await measure('--url', away, '--seconds', '2', 'wan1')).toMatch(/status 302: expected 200\nexit 1\n$/)
  expect(await measure('--url', file.replace('8090', '8091'), '--seconds', '2', 'wan1')).toMatch(
    /ECONNREFUSED.*exit 1\n$/s,
  )
  expect(await known()).toMatchObject({ sure: 'unknown' })
})

test('the rate is told and kept, whatever rules say of the server, and outlives the daemon', async () => {
  const said = await measure('--url', file, '--seconds', '5', '--yes', 'wan2')
  expect(said).toMatch(/^wan2: \S+ Mbit\/s down, \S+ MB in 5 s by 4 connections over IPv4\.\nwan2 counts as known/)
  expect(said).toMatch(/exit 0\n$/)
  // Of a line of 8 Mbit/s, and not of that of 40 to which the rule leads.
  expect(rateIn(said)).toBeGreaterThan(2)
  expect(rateIn(said)).toBeLessThan(9)
  expect(await known()).toMatchObject({ sure: 'known', capacity: expect.closeTo(1e6 * rateIn(said), -5) })
  await lab.stopDaemon('SIGKILL')
  await lab.exec(['/bin/rm', '/run/ifbalance/weights.json'])
  expect(await measure('--url', file, '--seconds', '2', '--yes', 'wan2')).toMatch(
    /not kept, as no daemon is running\nexit 1\n$/,
  )
  await lab.startDaemon()
  await until(lab, 'wan2 is known again', async () => (await known()).sure === 'known')
})
