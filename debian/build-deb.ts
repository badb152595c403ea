/**
 * `npm run deb`: dist/ifbalance_VERSION_ARCH.deb, built in a throwaway copy so that the tree stays clean. Nothing is
 * done when the package is there and was made of the very same files. `ARCH=arm64 npm run deb` builds for arm64. With
 * `--is-built`, nothing is built: the exit code is 1 when it would be.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** All that the package is made of; the lock file stands for node_modules. */
const inputs = [
  'src',
  'hooks',
  'units',
  'debian',
  'docs/design.md',
  'docs/examples',
  'docs/grafana',
  'docs/prometheus',
  'docs/ifbalance.8',
  'docs/ifbalance.conf.5',
  'docs/org.ifbalance1.5',
  'esbuild.bundle.ts',
  'esbuild.config.ts',
  'esbuild.page.ts',
  'esbuild.sbom.ts',
  'CHANGELOG.md',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'README.md',
]

process.on('uncaughtException', (error) => {
  console.error(error.message)
  process.exit(1)
})
process.chdir(join(import.meta.dirname, '..'))
const arch = process.env['ARCH'] || execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim()
const version = packageVersion()
const deb = `dist/ifbalance_${version}_${arch}.deb`
const page = `dist/cockpit-ifbalance_${version}_all.deb`
const stamp = `${deb}.inputs`
const fingerprint = fingerprintOf(inputs)

if (existsSync(deb) && existsSync(page) && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) {
  console.log(`${deb}: up to date`)
} else if (process.argv.includes('--is-built')) {
  console.error(`${deb} is not made of the present sources: npm run deb makes it`)
  process.exitCode = 1
} else {
  console.log(`${deb}: building (half a minute, most of it compression) ...`)
  buildDeb()
  writeFileSync(stamp, fingerprint)
  console.log(`${deb}: ${(lstatSync(deb).size / 1e6).toFixed(1)} MB`)
}

/** One version, in two places that different tools read. */
function packageVersion(): string {
  const npm = String(JSON.parse(readFileSync('package.json', 'utf8')).version)
  const debian = /^ifbalance \(([^)]+)\)/.exec(readFileSync('debian/changelog', 'utf8'))?.[1]
  if (debian?.replace(/-[^-]*$/, '') === npm) return debian
  throw new Error(`reading the version: package.json says ${npm}, debian/changelog ${debian}`)
}

function fingerprintOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  const add = (path: string): void => {
    const about = lstatSync(path)
    hash.update(`${path}\0${(about.mode & 0o777).toString(8)}\0`)
    if (about.isSymbolicLink()) hash.update(readlinkSync(path))
    else if (about.isFile()) hash.update(`${about.size}\0`).update(readFileSync(path))
    else for (const name of readdirSync(path).sort()) add(join(path, name))
  }
  for (const path of paths) add(path)
  return hash.update(`${process.version} ${arch}`).digest('hex')
}

function buildDeb(): void {
  const workshop = mkdtempSync(join(tmpdir(), 'ifbalance-deb-'))
  try {
    const tree = join(workshop, 'ifbalance')
    mkdirSync(join(tree, 'docs'), { recursive: true })
    for (const path of inputs) cpSync(path, join(tree, path), { recursive: true, verbatimSymlinks: true })
    symlinkSync(join(process.cwd(), 'node_modules'), join(tree, 'node_modules'))
    packageTree(tree)
    mkdirSync('dist', { recursive: true })
    for (const name of readdirSync('dist').filter(isOldPackage)) rmSync(join('dist', name))
    for (const path of [deb, page]) put(join(workshop, basename(path)), path)
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

/** Tests and demonstration take the one package that is there. `put` replaces the page of this version. */
function isOldPackage(name: string): boolean {
  if (name === basename(page)) return false
  return (name.startsWith('ifbalance_') && name.includes(`_${arch}.deb`)) || /^cockpit-ifbalance_.*\.deb$/.test(name)
}

/** In one step: tests read the page while the package for arm64 is built, and the page with it. */
function put(from: string, to: string): void {
  copyFileSync(from, `${to}.new`)
  renameSync(`${to}.new`, to)
}

/** `-d`: nothing is compiled, so build-essential, which every package is taken to need, need not be there. */
function packageTree(tree: string): void {
  const args = ['-b', '-us', '-uc', '-d', `-a${arch}`]
  // Level 6, dpkg's own, takes twice as long for 1 MB of 28.
  const env = { ...process.env, DPKG_DEB_COMPRESSOR_LEVEL: '4' }
  const { status, error, output } = spawnSync('dpkg-buildpackage', args, { cwd: tree, encoding: 'utf8', env })
  if (status === 0) return
  throw new Error(`building ${deb}: ${error?.message ?? `dpkg-buildpackage ended with ${status}`}\n${output?.join('')}`)
}
