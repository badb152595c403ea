/** Debian roots, built once with mmdebstrap and kept. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { command } from './command.ts'
import { labPaths } from './names.ts'
import { longestBuildMs, oneAtATime } from './once.ts'

export type Release = 'bookworm' | 'trixie'

/** What the package depends on, and what a small Debian router has besides. */
export const everywhere = [
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

/** A root of a lab's machine, with these packages besides the usual ones, of which it lacks `without`: see debianRoot. */
export function image(
  release: Release,
  extra: readonly string[],
  progress: (line: string) => void,
  without: readonly string[] = [],
): Promise<string> {
  const packages = [...everywhere, dhcpClient[release], ...extra].filter((name) => !without.includes(name))
  return debianRoot({ name: [release, ...extra].join('-'), release, packages }, progress)
}

interface DebianRoot {
  readonly name: string
  readonly release: Release
  /** What it has besides Debian's essential ones. */
  readonly packages: readonly string[]
  /** Another one than this machine's: its programs cannot run here, so packages are unpacked, and not set up. */
  readonly architecture?: 'arm64'
}

/**
 * The folder of a root of this release; builds it (about 20 s) unless one of the same name with the same package list is
 * kept. `progress` gets a line when something takes time.
 */
export async function debianRoot(
  { name, release, packages, architecture }: DebianRoot,
  progress: (line: string) => void,
): Promise<string> {
  const id = createHash('sha256').update(JSON.stringify({ release, packages, architecture })).digest('hex')
  const folder = `${labPaths.images}/${name}`
  const idFile = `${folder}.id`
  const isThere = () => existsSync(folder) && existsSync(idFile) && readFileSync(idFile, 'utf8') === id
  if (isThere()) return folder
  return await oneAtATime(name, async () => {
    if (isThere()) return folder
    progress(`building a Debian root: ${name}, about 20 s, kept in ${labPaths.images}`)
    const draft = `${folder}.new`
    try {
      rmSync(draft, { recursive: true, force: true })
      const kind = architecture
        ? ['--variant=extract', `--architectures=${architecture}`, '--include=?essential']
        : ['--variant=minbase']
      const include = `--include=${packages.join(',')}`
      await command(['/usr/bin/mmdebstrap', '--quiet', ...kind, include, release, draft], { timeoutMs: longestBuildMs })
      rmSync(idFile, { force: true })
      rmSync(folder, { recursive: true, force: true })
      renameSync(draft, folder)
      writeFileSync(idFile, id)
    } catch (error) {
      // What was stopped in its midst may have mounts there, which end with this room.
      await command(['/usr/bin/rm', '-rf', '--one-file-system', draft], { accept: [0, 1] })
      throw error
    }
    return folder
  })
}
