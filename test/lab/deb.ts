/** The package file that the lab installs. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { command } from './command.ts'
import { longestBuildMs } from './once.ts'

type Architecture = 'amd64' | 'arm64'

const project = `${import.meta.dirname}/../..`
const builder = `${project}/debian/build-deb.ts`

/**
 * The one package in dist. Throws when there is none, or several, or it is of other sources: tests that wait for what an older program does not
 * do would fail after many minutes, one by one, and say nothing of the reason.
 */
export function builtDeb(architecture: Architecture = 'amd64'): string {
  const dist = `${project}/dist`
  const isOne = (name: string) => name.startsWith('ifbalance_') && name.endsWith(`_${architecture}.deb`)
  const files = existsSync(dist) ? readdirSync(dist).filter(isOne) : []
  const [file, ...others] = files
  if (file === undefined) {
    throw new Error(`looking for dist/ifbalance_*_${architecture}.deb: none there (npm run deb makes it)`)
  }
  if (others.length > 0) throw new Error(`looking for the package: dist has ${files.join(', ')}; remove all but one`)
  const env = { ...process.env, ARCH: architecture }
  const { status, stderr } = spawnSync(process.execPath, [builder, '--is-built'], { encoding: 'utf8', env })
  if (status !== 0) throw new Error(`looking for the package: ${stderr.trim()}`)
  return `${dist}/${file}`
}

/** Whether a machine has the package. */
export function isInstalled({ root }: { readonly root: string }): boolean {
  return existsSync(`${root}/usr/sbin/ifbalance`)
}

/** The page for Cockpit, which is built with the package. Throws when there is none. */
export function builtPage(): string {
  const dist = `${project}/dist`
  const file = readdirSync(dist).find((name) => /^cockpit-ifbalance_.*_all\.deb$/.test(name))
  if (file === undefined)
    throw new Error('looking for dist/cockpit-ifbalance_*_all.deb: none there (npm run deb makes it)')
  return `${dist}/${file}`
}

/** `npm run deb`, which does nothing when the package is there and made of the same sources. */
export async function buildDeb(architecture: Architecture = 'amd64'): Promise<string> {
  await command(['/usr/bin/env', `ARCH=${architecture}`, process.execPath, builder], { timeoutMs: longestBuildMs })
  return builtDeb(architecture)
}
