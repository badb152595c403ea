/** Debian roots, built once with mmdebstrap and kept. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { command } from './command.ts'
import { labPaths } from './names.ts'
import { oneAtATime } from './once.ts'

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
  const isThere = () => existsSync(folder) && existsSync(idFile) && readFileSync(idFile, 'utf8') === id
  if (isThere()) return folder
  return await oneAtATime(basename(folder), async () => {
    if (isThere()) return folder
    progress(`building a Debian root: ${[release, ...extra].join(', ')}, about 20 s, kept in ${labPaths.images}`)
    const draft = `${folder}.new`
    try {
      rmSync(draft, { recursive: true, force: true })
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
  })
}
