/** A whole lab: two ISPs, the internet, a LAN, and a booted Debian between them. */
import { command } from './command.ts'
import { disposer } from './disposer.ts'
import { image, type Release } from './image.ts'
import { createMachine, type Machine } from './machine.ts'
import { createNetwork, type Network } from './network.ts'
import { snapshot } from './snapshot.ts'
import { type Stack, type StackSetup, stackSetup } from './stacks.ts'
import { sweep } from './sweep.ts'
import { watch } from './witness.ts'

export interface Lab {
  readonly release: Release
  readonly stack: Stack
  readonly network: Network
  readonly machine: Machine
  /** Boots the machine and waits until both uplinks have their leases. */
  boot(): Promise<void>
  /** With networkd: waits until these interfaces have an address of each family that the ISPs have. */
  waitOnline(interfaces: readonly string[]): Promise<void>
  /** Shuts the machine down and starts it anew, with a kernel state that knows nothing of before. */
  reboot(): Promise<void>
  /** The kernel's routing as the machine sees it now: see snapshot.ts. */
  snapshot(): Promise<readonly string[]>
  dispose(): Promise<void>
}

export interface LabOptions {
  readonly release: Release
  readonly stack: Stack
  /** How its network is configured, where that is none of the usual ways; then whoever boots it waits for leases. */
  readonly setup?: StackSetup
  readonly ipv6?: boolean
  /** Debian packages that the machine has besides the usual ones. */
  readonly packages?: readonly string[]
  /** Of the usual packages, those that it does not have. */
  readonly without?: readonly string[]
  readonly progress: (line: string) => void
}

/** Makes everything, the machine still off. What was made is removed again when this throws. */
export async function createLab(options: LabOptions): Promise<Lab> {
  const { release, stack, progress } = options
  await sweep()
  const undo = disposer()
  try {
    const root = await image(release, options.packages ?? [], progress, options.without)
    const network = await createNetwork(undo, { ipv6: options.ipv6 ?? false })
    const machine = await createMachine(undo, {
      image: root,
      network,
      ...(options.setup ?? stackSetup(release, stack)),
    })
    const seen = watch({
      name: `${release}, ${stack}`,
      exec: async (argv) => (await machine.exec(argv, { accept: [0, 1, 2, 255] })).stdout,
      said: async () => {
        const journal = ['/usr/bin/journalctl', '--unit=ifbalance', '--output=cat', '--lines=30', '--no-pager']
        return (await machine.exec(journal)).stdout.trim().split('\n')
      },
    })
    const waitOnline = async (interfaces: readonly string[]) => {
      const program = '/usr/lib/systemd/systemd-networkd-wait-online'
      const families = options.ipv6 ? ['--ipv4', '--ipv6'] : ['--ipv4']
      const wanted = interfaces.map((name) => `--interface=${name}:routable`)
      await machine.exec([program, ...wanted, ...families, '--timeout=30'])
    }
    const boot = async () => {
      await machine.boot()
      // With ifupdown, the boot itself waits for the leases.
      if (stack === 'networkd' && !options.setup) await waitOnline(['wan1', 'wan2'])
    }
    return {
      release,
      stack,
      network,
      machine,
      boot,
      waitOnline,
      reboot: async () => {
        await machine.powerOff()
        await network.replaceHost()
        await boot()
      },
      snapshot: () =>
        snapshot({
          namespace: network.host,
          nft: async () => (await machine.exec(['/usr/sbin/nft', '-t', 'list', 'ruleset'])).stdout,
        }),
      dispose: async () => {
        await seen()
        await undo.dispose()
      },
    }
  } catch (error) {
    await undo.dispose()
    throw error
  }
}

/** What keeps a lab from being made here, null when nothing does. */
export async function missingForLab(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'the lab needs root'
  for (const program of ['/usr/bin/systemd-nspawn', '/usr/sbin/dnsmasq', '/usr/bin/mmdebstrap', '/usr/sbin/nft']) {
    const { exitCode } = await command(['/usr/bin/test', '-x', program], { accept: [0, 1] })
    if (exitCode !== 0) return `the lab needs ${program} (Debian packages: test/lab/debian-packages)`
  }
  return null
}
