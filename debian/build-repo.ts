/**
 * `npm run repo -- --key KEY`: dist/repo, a repository for apt of the packages in dist, signed with a key of gpg's, named as gpg
 * names keys. Static files, for any web server. Packages of earlier versions that are there stay. `--unsigned` makes one that apt
 * takes from nobody but who says `Trusted: yes`; `--output FOLDER` makes it elsewhere.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const suite = 'stable'
const architectures = ['amd64', 'arm64'] as const
const pool = 'pool/main/i/ifbalance'
const dist = `${import.meta.dirname}/../dist`

process.on('uncaughtException', (error) => {
  console.error(error.message)
  process.exit(1)
})
const { key, unsigned, output } = parseArgs({
  options: {
    key: { type: 'string' },
    unsigned: { type: 'boolean', default: false },
    output: { type: 'string', default: `${dist}/repo` },
  },
}).values
if ((key === undefined) !== unsigned) {
  throw new Error('making a repository: say --key KEY (gpg --list-secret-keys has them), or --unsigned')
}
const debs = readdirSync(dist).filter((name) => name.endsWith('.deb'))
if (debs.length === 0) throw new Error('making a repository: no package is in dist (npm run deb makes it)')

mkdirSync(join(output, pool), { recursive: true })
for (const name of debs) copyFileSync(`${dist}/${name}`, join(output, pool, name))
const folder = join(output, 'dists', suite)
rmSync(folder, { recursive: true, force: true })
const indexes = architectures.flatMap(writeIndexes)
writeFileSync(join(folder, 'Release'), releaseOf(indexes))
if (key !== undefined) sign(key)
else console.error('\n*** NOT SIGNED: whoever can change what is sent to a host can have it install anything ***\n')
console.log(`${resolve(output)}: ${debs.join(', ')}`)

/** Paths below `folder`. */
function writeIndexes(arch: string): readonly string[] {
  const packages = `main/binary-${arch}/Packages`
  mkdirSync(join(folder, `main/binary-${arch}`), { recursive: true })
  // Its warnings are about an override file, which repositories of distributions have.
  const args = ['--multiversion', '--arch', arch, pool]
  const text = execFileSync('dpkg-scanpackages', args, { cwd: output, stdio: ['ignore', 'pipe', 'ignore'] })
  writeFileSync(join(folder, packages), text)
  execFileSync('xz', ['--keep', join(folder, packages)])
  return [packages, `${packages}.xz`]
}

/** https://wiki.debian.org/DebianRepository/Format */
function releaseOf(paths: readonly string[]): string {
  const listed = paths.map((path) => {
    const content = readFileSync(join(folder, path))
    return ` ${createHash('sha256').update(content).digest('hex')} ${content.length} ${path}`
  })
  return [
    'Origin: ifbalance',
    'Label: ifbalance',
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${new Date().toUTCString().replace('GMT', 'UTC')}`,
    `Architectures: ${architectures.join(' ')}`,
    'Components: main',
    'Description: ifbalance for Debian 12 and later',
    'SHA256:',
    ...listed,
    '',
  ].join('\n')
}

/** gpg's agent asks for the passphrase, where the key has one. */
function sign(key: string): void {
  const gpg = (...args: readonly string[]) => execFileSync('gpg', ['--yes', '--local-user', key, ...args])
  const release = join(folder, 'Release')
  gpg('--output', join(folder, 'InRelease'), '--digest-algo', 'SHA512', '--clear-sign', release)
  gpg('--output', `${release}.gpg`, '--digest-algo', 'SHA512', '--armor', '--detach-sign', release)
  const exported = execFileSync('gpg', ['--armor', '--export', key])
  if (exported.length === 0) throw new Error(`making a repository: gpg has no public key ${key}`)
  writeFileSync(join(output, 'ifbalance.asc'), exported)
}
