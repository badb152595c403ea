/** PPPoE by real pppd and real concentrators, on Debian's own kernel: see programs/lines.ts. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Disposer, disposer } from '../lab/disposer.ts'
import { record } from '../lab/measurements.ts'
import { bootEmulated, lacksEmulator } from './machine.ts'
import { projectFolder } from './paths.ts'
import type { Narrow } from './programs/offload-narrow.ts'

/** `npm run test:lines` tries the layouts of docs/layouts.md, too. */
const isLong = process.env['IFBALANCE_LINES'] === 'long'

/** The other line's connection goes on. */
const redialledWell = { stuck: 'ECONNABORTED', other: '', same: true }

const measured = (name: string, ms: number, limit: number) =>
  record({ name, value: ms / 1000, unit: 's', limit, release: 'trixie kernel, emulated', stack: 'pppd' })

const undo = disposer()

describe.skipIf(lacksEmulator())('lines by pppd', () => {
  let seen: Awaited<ReturnType<typeof play>>

  async function play() {
    const machine = await bootEmulated(undo, { root: 'ppp', progress: (line) => process.stdout.write(`  ${line}\n`) })
    const program = `${projectFolder}/test/emulated/programs/lines.js`
    return JSON.parse(
      await machine.run(`${projectFolder}/node ${program} ${isLong ? 'redial dials layouts' : 'redial'}`),
    )
  }
  beforeAll(async () => {
    seen = await play()
  })
  afterAll(() => undo.dispose())

  test('that were up before us carry, however their options are nested; name servers are asked by their line', () => {
    expect(seen).toMatchObject({ warnings: [] })
    measured('installed while two PPP lines are up -> both carry', seen.installed, 5)
  })

  test('one is dialled anew: the former address is told to its connections, the other line cuts none, the number stays', () => {
    expect(seen.redial).toMatchObject(redialledWell)
    measured(
      'a PPP line is dialled anew: new connections that fail after its device is gone, the last one',
      seen.redial.failing,
      0.1,
    )
  })

  test('the cable below the VLAN below PPPoE is pulled: the line is out at once, and says why', () => {
    expect(seen.cable).toMatchObject({ reason: 'no carrier on eth2, which it hangs on', other: '' })
    measured('the cable below PPPoE pulled -> left out', seen.cable.cut, 1)
  })

  const cables = 'layouts: what one cable carries comes, carries and goes together; a VRF is told of'
  const layouts = () => {
    const { vrf, ...others } = seen.layouts
    expect(vrf).toBe(0)
    expect(others).toMatchObject({
      vlans: { pinged: ['trunk.5', 'trunk.6'] },
      bond: { pinged: ['bond0'] },
      bridge: { pinged: ['br8'] },
      macvlan: { pinged: ['mv0'] },
      sticks: { pinged: ['stick1', 'stick2'] },
    })
    for (const [layout, { out }] of Object.entries<{ readonly out: number }>(others))
      measured(`the cable of ${layout} pulled -> left out`, out, 1)
  }
  // The short run has no such test, rather than one that is skipped.
  if (isLong) test(cables, layouts)

  const dials =
    "a line that takes main's default, and one by a modem that chat dials: each carries beside the other, and again"
  const others = () =>
    expect(seen.dials).toEqual({ replaced: { restored: 'ppp0' }, modem: { pinged: true, same: true } })
  if (isLong) test(dials, others)
})

/** Only of `npm run test:lines`, too. */
async function playBooted(undo: Disposer, manager: string) {
  const progress = (line: string) => process.stdout.write(`  ${line}\n`)
  const machine = await bootEmulated(undo, { root: 'ppp managers', isBooted: true, progress })
  const program = `${projectFolder}/test/emulated/programs/ppp-managers.js`
  return JSON.parse(await machine.run(`${projectFolder}/node ${program} ${manager}`))
}

const delegatedWell = { answered: [20, 20], strange: [], seen: [true, true] }

const booted = () => {
  const alone = disposer()
  afterEach(() => alone.dispose())

  test('networkd makes the VLAN below one, is given a prefix by each, and makes two VLANs of a trunk', async () => {
    const { prefixes, cable, trunk } = await playBooted(alone, 'networkd')
    // The LAN leaves by both, with addresses that each provider takes.
    expect(prefixes).toEqual(delegatedWell)
    expect(cable.reason).toBe('no carrier on eth2, which it hangs on')
    measured('the cable below PPPoE on a VLAN of networkd pulled -> left out', cable.cut, 1)
    expect(trunk.pinged).toEqual(['trunk.5', 'trunk.6'])
    measured('the cable of VLANs of networkd pulled -> left out', trunk.out, 1)
  })

  test('dhcpcd is given a prefix by each: the LAN leaves by both, with addresses that each provider takes', async () =>
    expect(await playBooted(alone, 'dhcpcd')).toEqual(delegatedWell))

  test('NetworkManager dials two, and one anew: as with pppd alone', async () => {
    const { failing, ...redial } = await playBooted(alone, 'NetworkManager')
    expect(redial).toEqual(redialledWell)
    measured(
      "a PPP line of NetworkManager's is dialled anew: new connections that fail after its device is gone, the last one",
      failing,
      0.1,
    )
  })
}

const offloaded = () => {
  const alone = disposer()
  afterAll(() => alone.dispose())

  test('a line that takes less than it says, with offload: no transfer of the LAN hangs, in either direction and family', async () => {
    const progress = (line: string) => process.stdout.write(`  ${line}\n`)
    const machine = await bootEmulated(alone, { progress })
    const program = `${projectFolder}/test/emulated/programs/offload-narrow.js`
    const seen: readonly Narrow[] = JSON.parse(await machine.run(`${projectFolder}/node ${program}`))
    expect(seen.map(({ mtu }) => mtu)).toEqual([1280, 1400, 1492])
    for (const { mtu, hung, slowShare } of seen) {
      record({
        ...{ name: `path of ${mtu} bytes, ICMP filtered, with offload: transfers of 20 that hang` },
        ...{ value: Math.max(...Object.values(hung)), unit: '', limit: 0 },
        ...{ release: 'trixie kernel, emulated', stack: 'static' },
      })
      expect(hung).toEqual({ 'inet down': 0, 'inet up': 0, 'inet6 down': 0, 'inet6 up': 0 })
      // Most of what the LAN sent and got went past the rules.
      expect(slowShare).toBeLessThan(0.5)
    }
  })
}
if (isLong) describe.skipIf(lacksEmulator())('narrow lines', offloaded)
if (isLong) describe.skipIf(lacksEmulator())('lines beside managers, on a booted Debian 13', booted)
