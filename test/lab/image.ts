/** Debian roots, built once with mmdebstrap and kept. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { command } from './command.ts'
import { labPaths } from './names.ts'

export type Release = 'bookworm' | 'trixie'

/** What the package depends on, and what a small Debian router has besides. */
const everywhere = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'default-dbus-system-bus',
  'udev',
  'iproute2',
  'nftables',
  'conntrack',
  'ifupdown',
  'procps',
  'iputils-ping',
  'libstdc++6',
  'libcap2-bin',
  'networkd-dispatcher',
] as const

const dhcpClient = { bookworm: 'isc-dhcp-client', trixie: 'dhcpcd-base' } as const

/**
 * The folder of a root of this release, with these packages besides the usual ones; builds it (about 20 s) unless one
 * with the same package list is kept. `progress` gets a line when something takes time.
 */
export async function image(
  release: Release,
  extra: readonly string[],
  progress: (line: string) => void,
): Promise<string> {
  const packages = [...everywhere, dhcpClient[release], ...extra]
  const id = createHash('sha256').update(JSON.stringify({ release, packages })).digest('hex')
  const folder = `${labPaths.images}/${[release, ...extra].join('-')}`
  const idFile = `${folder}.id`
  if (existsSync(folder) && existsSync(idFile) && readFileSync(idFile, 'utf8') === id) return folder

  progress(`building a Debian root: ${[release, ...extra].join(', ')}, about 20 s, kept in ${labPaths.images}`)
  mkdirSync(labPaths.images, { recursive: true })
  const draft = `${folder}.new-${process.pid}`
  try {
    await command(
      ['/usr/bin/mmdebstrap', '--quiet', '--variant=minbase', `--include=${packages.join(',')}`, release, draft],
      { timeoutMs: 600_000 },
    )
    rmSync(idFile, { force: true })
    rmSync(folder, { recursive: true, force: true })
    renameSync(draft, folder)
    writeFileSync(idFile, id)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return folder
}
