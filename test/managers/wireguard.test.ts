/** WireGuard tunnels by those who make their interfaces, on Debian's own kernel: see ../emulated/programs/tunnel-makers.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bootEmulated, lacksEmulator } from '../emulated/machine.ts'
import { projectFolder } from '../emulated/paths.ts'
import { disposer } from '../lab/disposer.ts'
import { record } from '../lab/measurements.ts'
import { emulatedPatienceMs } from '../lab/patience.ts'

/** All, or those that are named. */
const makers = process.env['IFBALANCE_MAKERS']?.split(',') ?? ['networkd', 'wg-quick', 'NetworkManager']
const releases = { trixie: 'tunnel makers', bookworm: 'tunnel makers of bookworm' } as const

interface Seen {
  /** How long it took until the tunnel answered, in ms: off a dead line, back, off one without a carrier, and back. */
  readonly took: readonly [dead: number, back: number, carrier: number, again: number]
  /** The tunnels that were moved: by the dead line, while its maker read its files again, and by the lost carrier. */
  readonly moved: readonly (readonly string[])[]
  /** The longest of the other two, in ms. */
  readonly silences: readonly [elsewhere: number, roaming: number]
  /** Where the far ends of one with a route and of the one that moves have heard of them last. */
  readonly heard: readonly string[]
  /** What is the maker's: at first, after the first failback, when it has read its files again, and at last. */
  readonly settings: readonly [before: string, after: string, reread: string, last: string]
}

describe.skipIf(lacksEmulator()).each(Object.entries(releases))('tunnels on a booted %s', (release, root) => {
  describe.each(makers)('by %s', (maker) => {
    const undo = disposer()
    let seen: Seen

    beforeAll(async () => {
      const progress = (line: string) => process.stdout.write(`  ${line}\n`)
      const machine = await bootEmulated(undo, { root, isBooted: true, progress })
      const program = `${projectFolder}/test/emulated/programs/tunnel-makers.js`
      seen = JSON.parse(await machine.run(`${projectFolder}/node ${program} ${maker}`))
    }, 2 * emulatedPatienceMs)
    afterAll(() => undo.dispose())

    const measured = (name: string, ms: number, limit: number) =>
      record({ name, value: ms, unit: 'ms', limit, release: `${release} kernel, emulated`, stack: maker })

    test('one follows the uplinks, off a dead line and one without a carrier, and back', () => {
      const { took, moved } = seen
      const [dead, back, carrier, again] = took
      measured('verdict -> WireGuard answers by the other line', dead, 1500)
      measured('failback -> WireGuard answers by the first line', back, 6000)
      measured('lost carrier -> WireGuard answers by the other line', carrier, 1500)
      measured('carrier is back -> WireGuard answers by the first line', again, 6000)
      // A carrier takes the address along, so the tunnel may find its way by itself.
      expect(moved[0]).toEqual(['usual', 'usual'])
      expect(new Set(moved.flat())).toEqual(new Set(['usual']))
    })

    test('one that a route has elsewhere, and one of a peer that asks by itself, go on', () => {
      const [elsewhere, roaming] = seen.silences
      measured('WireGuard elsewhere, longest silence', elsewhere, 1000)
      measured('WireGuard of a roaming peer, longest silence', roaming, 1000)
      expect(seen.heard).toEqual(['198.51.100.2', '198.51.100.1'])
    })

    test('settings, rules and routes stay as their maker has them, also an endpoint whose name leads elsewhere since', () => {
      const [before, after, reread, last] = seen.settings
      expect(before).toContain('203.0.113.1:51820')
      expect(after).toBe(before)
      if (maker !== 'networkd') expect(reread).toContain('203.0.113.2:51820')
      expect(last).toBe(reread)
    })
  })
})
