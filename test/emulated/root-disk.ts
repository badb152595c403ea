/** The emulated machine's root: a Debian with its own kernel, as a disk that is made once and kept. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { command } from '../lab/command.ts'
import { debianRoot, everywhere, image } from '../lab/image.ts'
import { oneAtATime } from '../lab/once.ts'
import { emulatedPatienceMs } from '../lab/patience.ts'

const forClouds = ['linux-image-cloud-amd64', 'dnsmasq-base', 'iptables', 'ipset'] as const

const tunnelMakers = ['linux-image-cloud-amd64', 'dnsmasq-base', 'wireguard-tools', 'network-manager'] as const

/** The kernel for clouds is smaller and starts without an initramfs; only the other one has PPP. */
const kinds = {
  cloud: { release: 'trixie', packages: forClouds },
  'cloud of bookworm': { release: 'bookworm', packages: forClouds },
  ppp: { release: 'trixie', packages: ['linux-image-amd64', 'dnsmasq-base', 'ppp', 'pppoe'] },
  /** With what else makes PPP lines, and gives them IPv6. */
  'ppp managers': {
    release: 'trixie',
    packages: ['linux-image-amd64', 'dnsmasq-base', 'ppp', 'pppoe', 'network-manager', 'radvd'],
  },
  /** With what makes interfaces of WireGuard. */
  'tunnel makers': { release: 'trixie', packages: tunnelMakers },
  'tunnel makers of bookworm': { release: 'bookworm', packages: tunnelMakers },
  /** With the programs of tunnels: see ../lab/tunnels. */
  tunnels: {
    release: 'trixie',
    packages: [
      ...['linux-image-amd64', 'dnsmasq-base', 'wireguard-tools', 'ppp', 'xl2tpd'],
      ...['strongswan-swanctl', 'charon-systemd', 'openvpn', 'openssh-server'],
    ],
  },
} as const

/** For another processor; with what debian/tests ask for. */
const armPackages = [...everywhere, 'linux-image-cloud-arm64', 'kmod', 'python3']

export type RootKind = keyof typeof kinds

export interface RootDisk {
  /** ext4, read and written through a throwaway layer only. */
  readonly disk: string
  readonly kernel: string
  /** Null where the kernel has built in what it needs to find its disks. */
  readonly initramfs: string | null
}

function isForClouds(kind: RootKind): boolean {
  return kinds[kind].packages.some((name) => name === 'linux-image-cloud-amd64')
}

export async function rootDisk(kind: RootKind, progress: (line: string) => void): Promise<RootDisk> {
  const { release, packages } = kinds[kind]
  return await diskOf(await image(release, packages, progress), isForClouds(kind))
}

/** A Debian 13 for arm64, whose packages are unpacked and not set up. */
export async function armRootDisk(progress: (line: string) => void): Promise<RootDisk> {
  const root = { name: 'trixie-arm64', release: 'trixie', packages: armPackages, architecture: 'arm64' } as const
  return await diskOf(await debianRoot(root, progress), true)
}

/** `startsAlone`: the kernel has built in what it needs to find its disks. */
async function diskOf(folder: string, startsAlone: boolean): Promise<RootDisk> {
  const [kernel] = readdirSync(`${folder}/boot`).filter((name) => name.startsWith('vmlinuz-'))
  if (kernel === undefined) throw new Error(`looking for Debian's kernel: none in ${folder}/boot`)
  const disk = `${folder}.ext4`
  const id = readFileSync(`${folder}.id`, 'utf8')
  const idFile = `${disk}.id`
  const initramfs = startsAlone ? null : `${folder}.initramfs`
  const isThere = () =>
    [disk, idFile, initramfs ?? disk].every((path) => existsSync(path)) && readFileSync(idFile, 'utf8') === id
  if (!isThere()) {
    await oneAtATime(basename(disk), async () => {
      if (isThere()) return
      const draft = `${disk}.new`
      try {
        if (initramfs !== null) await makeInitramfs(folder, kernel.replace('vmlinuz-', ''), initramfs)
        await makeDisk(folder, draft, 1024)
        renameSync(draft, disk)
        writeFileSync(idFile, id)
      } finally {
        rmSync(draft, { force: true })
      }
    })
  }
  return { disk, kernel: `${folder}/boot/${kernel}`, initramfs }
}

/** What the kernel needs to find the disks in its memory, as a small initramfs by Debian's own initramfs-tools. */
async function makeInitramfs(folder: string, version: string, file: string): Promise<void> {
  const settings = mkdtempSync(`${folder}/tmp/initramfs-`)
  const inside = settings.slice(folder.length)
  try {
    await command(['/usr/bin/cp', '-a', `${folder}/etc/initramfs-tools/.`, settings])
    writeFileSync(`${settings}/modules`, 'nfit\nnd_pmem\next4\n')
    writeFileSync(`${settings}/conf.d/modules`, 'MODULES=list\n')
    const make = ['mkinitramfs', '-d', inside, '-o', `${inside}/made`, version]
    await command(['/usr/sbin/chroot', folder, ...make], { timeoutMs: emulatedPatienceMs })
    await command(['/usr/bin/mv', `${settings}/made`, file])
  } finally {
    rmSync(settings, { recursive: true, force: true })
  }
}

/** A folder -> an ext4 file system of so many MB, of which the file takes only what is used. */
export async function makeDisk(folder: string, disk: string, megabytes: number): Promise<void> {
  const options = ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-d', folder]
  await command(['/usr/sbin/mke2fs', ...options, disk, `${megabytes}M`], { timeoutMs: emulatedPatienceMs })
}
