/** What is forwarded out of and into an uplink fits it, whatever the routers behind it say. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PathMtus } from '../../src/model/path-mtu.ts'
import { record } from '../lab/measurements.ts'
import { longPatienceMs, patienceMs } from '../lab/patience.ts'
import { type Host, type Running, startHost } from './daemon-host.ts'
import { makeNarrowLine, narrowTo, within } from './narrow-line.ts'
import { server, setCarrier } from './providers.ts'

const program = (name: string) => fileURLToPath(new URL(`../lab/programs/${name}.ts`, import.meta.url))
const families = ['inet', 'inet6'] as const
/** A transfer takes some ten milliseconds; one that hangs, for ever. */
const transferMs = 8000

let host: Host

beforeAll(async () => {
  host = await startHost()
  await makeNarrowLine(host)
  host.start(within('far', [process.execPath, program('bulk'), 'serve', '82']))
  host.start(within('far', [process.execPath, program('echo-datagrams'), '7', server.inet, server.inet6]))
  await host.run(within('far', ['/bin/bash', '-c', 'until exec 3<>/dev/tcp/127.0.0.1/82; do sleep 0.05; done']))
})
afterAll(() => host?.end())

/** How many of 20 datagrams of 1450 bytes each are answered, by who sends them. */
async function datagrams(family: 'inet' | 'inet6', places: readonly ('lan' | 'host')[]) {
  const answered: Record<string, string> = {}
  for (const place of places)
    for (const kind of ['unconnected', 'connected'] as const) {
      const ask = [process.execPath, program('large-datagrams'), server[family], '7', '20', kind]
      answered[`${place}, ${kind}`] = (await host.run(place === 'lan' ? within('lan', ask) : ask)).stdout.trim()
    }
  return answered
}

const allOf = (places: readonly ('lan' | 'host')[]) =>
  Object.fromEntries(
    places.flatMap((place) => [`${place}, unconnected`, `${place}, connected`].map((one) => [one, '20'])),
  )

describe('the administrator says how much the path takes', () => {
  beforeAll(async () => {
    await narrowTo(host, 1400)
    await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wan1]\nmetric = 20\n[uplink wan2]\nmtu = 1400\n')
    expect(await host.ifbalance(['apply'])).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await host.ifbalance(['plan'])).stdout).toBe('Nothing to change.\n')
  })

  test.each(families)('what the LAN sends is refused in time where it does not fit, %s', async (family) => {
    expect(await datagrams(family, ['lan'])).toEqual(allOf(['lan']))
  })
})

/** Of 20 transfers of the LAN's at once, those that do not come to their end. */
async function hanging(family: 'inet' | 'inet6', way: 'down' | 'up'): Promise<number> {
  const ask = [process.execPath, program('bulk'), 'ask', server[family], '82', '20', way, String(transferMs)]
  return 20 - Number((await host.run(within('lan', ask), {}, { timeoutMs: 2 * patienceMs })).stdout)
}

async function found(device: string, family: 'inet' | 'inet6'): Promise<number | null | undefined> {
  const { stdout } = await host.run(['cat', '/run/ifbalance/path-mtus.json'], {}, { accept: [0, 1] })
  const known: PathMtus = stdout === '' ? {} : JSON.parse(stdout)
  return known[device]?.[family]?.mtu
}

async function defaults(table: string, family: 'inet' | 'inet6'): Promise<string> {
  return (await host.run(['ip', '-f', family, 'route', 'show', 'table', table, 'default'])).stdout
}

/** A ruleset of the administrator's own, as many have. */
const clampOfTheirs = `table inet theirs {
  chain forward {
    type filter hook forward priority 0
    tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
  }
}
`

describe('nobody says it, and the daemon finds it out', () => {
  let daemon: Running

  beforeAll(async () => {
    await host.run(['rm', '/etc/ifbalance/conf.d/00-nothing-answers-here.conf'])
    await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wan1]\nmetric = 20\n')
  })

  async function restart(...without: readonly string[]): Promise<void> {
    daemon?.signal('SIGTERM')
    await daemon?.ended
    await host.run(['rm', '-f', ...without])
    daemon = host.daemon()
  }

  const start = () => restart('/run/ifbalance/path-mtus.json', '/run/ifbalance/mtu-searches.json')

  /** Whether the line is alive is asked in another way than by echoes. */
  async function startWithTcp(): Promise<void> {
    await host.write('/etc/ifbalance/ifbalance.conf', '[uplink wan1]\nmetric = 20\n[uplink wan2]\nprobe = tcp\n')
    await start()
  }

  /** Bytes of the day's searches by wan2. */
  async function spent(): Promise<number> {
    const searches = JSON.parse((await host.run(['cat', '/run/ifbalance/mtu-searches.json'])).stdout)
    return searches['wan2 inet'].sent
  }

  async function comeBackAfterRestart(): Promise<void> {
    const before = await spent()
    await restart()
    await daemon.tells({ event: 'carrying', carrying: ['wan2'] })
    await comeBack()
    await expect.poll(spent, { timeout: longPatienceMs }).toBeGreaterThan(before)
  }

  async function comeBack(): Promise<void> {
    const begun = daemon.said().length
    await setCarrier(host, 'isp2', 'down')
    const since = await daemon.balances(['wan1'], begun)
    await setCarrier(host, 'isp2', 'up')
    await daemon.balances(['wan2'], since)
  }

  describe.each([
    [1280, 'when the daemon starts', start],
    [1492, 'when it starts without what was known, where probes are connections', startWithTcp],
    [1400, 'when the line comes back, within the budget of before a restart', comeBackAfterRestart],
  ] as const)('a path of %i bytes', (mtu, when, happen) => {
    test(`is found ${when}, and routes say it`, async () => {
      await narrowTo(host, mtu)
      await happen()
      for (const family of families)
        await expect.poll(() => found('wan2', family), { timeout: longPatienceMs }).toBe(mtu)
      for (const family of families) {
        await expect.poll(() => defaults('30002', family), { timeout: patienceMs }).toContain(`mtu ${mtu} `)
        expect(await found('wan1', family)).toBe(null)
        expect(await defaults('30001', family)).not.toContain('mtu')
      }
    })

    test.each([
      ['as it is', ''],
      ["with the administrator's own clamp", clampOfTheirs],
    ])('%s, no transfer hangs', async (name, ruleset) => {
      if (ruleset !== '') await host.run(['nft', '-f', '-'], {}, { input: ruleset })
      const hung: Record<string, number> = {}
      for (const family of families)
        for (const way of ['down', 'up'] as const) hung[`${family} ${way}`] = await hanging(family, way)
      if (ruleset !== '') await host.run(['nft', 'delete', 'table', 'inet', 'theirs'])
      const value = Math.max(...Object.values(hung))
      record({
        ...{
          name: `path of ${mtu} bytes, ICMP filtered, ${name}: transfers of 20 that hang`,
          value,
          unit: '',
          limit: 0,
        },
        ...{ release: 'namespaces', stack: 'static' },
      })
      expect(hung).toEqual({ 'inet down': 0, 'inet up': 0, 'inet6 down': 0, 'inet6 up': 0 })
    })

    test.each(families)("the LAN's and the host's own datagrams, %s", async (family) => {
      expect(await datagrams(family, ['lan', 'host'])).toEqual(allOf(['lan', 'host']))
    })
  })
})
