/** Where packages are built and looked at as Debian does: roots with Build-Depends, or lintian, and no network. */
import { chownSync, cpSync, mkdirSync, readdirSync } from 'node:fs'
import { type Chroot, createChroot } from '../lab/chroot.ts'
import type { Disposer } from '../lab/disposer.ts'
import { debianRoot, type Release } from '../lab/image.ts'

/** As in debian/control, and what each build is taken to have. */
const buildDepends = ['build-essential', 'binutils', 'debhelper', 'dh-exec'] as const

export interface Surroundings {
  /** The builder's number. */
  readonly user: number
  readonly folder: string
  readonly umask: string
  readonly env: Readonly<Record<string, string>>
}

const progress = (line: string) => process.stdout.write(`  ${line}\n`)

/** Resolves with the folder of what was built. */
export async function buildPackage(
  undo: Disposer,
  release: Release,
  source: string,
  { user, folder, umask, env }: Surroundings,
): Promise<string> {
  const image = await debianRoot({ name: `${release}-build`, release, packages: buildDepends }, progress)
  const { root, exec } = await createChroot(undo, image, `build${user}`)
  const outside = `${root}${folder}`
  mkdirSync(outside, { recursive: true })
  for (const name of readdirSync(source)) cpSync(`${source}/${name}`, `${outside}/${name}`)
  chownSync(outside, user, user)
  const script = `umask ${umask} && cd ${folder} && dpkg-source -x *.dsc tree && cd tree && exec dpkg-buildpackage -us -uc -b`
  const asUser = ['/usr/bin/setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups']
  await exec([...asUser, '/bin/sh', '-c', script], { timeoutMs: 1_500_000, env: { HOME: '/nonexistent', ...env } })
  return outside
}

/** Another Debian's lintian, whose opinion counts as much as this one's. */
export async function lintianOf(undo: Disposer, release: Release): Promise<Chroot> {
  const image = await debianRoot({ name: `${release}-lintian`, release, packages: ['lintian'] }, progress)
  return await createChroot(undo, image, 'lintian')
}
