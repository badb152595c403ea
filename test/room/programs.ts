/**
 * Which programs a new machine has: those of the listed packages, of what they depend on, and of Debian's essential ones.
 * Prints every other program of this machine's /usr/bin and /usr/sbin, one path a line: test/room/inside hides them.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { type Installed, packagesWithAll, parseStatus } from './packages.ts'

const folders = ['/usr/bin', '/usr/sbin'] as const
const lists = ['.ci/debian-packages', 'test/lab/debian-packages'] as const
const root = `${import.meta.dirname}/../..`

/** What .ci/setup installs where there is none. */
const node = ['nodejs', 'npm'] as const

function installed(): readonly Installed[] {
  const fields = ['Package', 'Essential', 'Provides', 'Pre-Depends', 'Depends'].map((name) => `\${${name}}`)
  const format = `\${db:Status-Status}\\t${fields.join('\\t')}\\n`
  return parseStatus(execFileSync('/usr/bin/dpkg-query', ['--show', `--showformat=${format}`], options))
}

const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, env: { LC_ALL: 'C', PATH: '/usr/bin' } } as const

/** Paths of all files of these packages, as in a system with merged /usr. */
function filesOf(packages: readonly string[]): ReadonlySet<string> {
  const text = execFileSync('/usr/bin/dpkg-query', ['--listfiles', ...packages], options)
  return new Set(text.split('\n').map((path) => (/^\/s?bin\//.test(path) ? `/usr${path}` : path)))
}

/** A program, or a link that Debian's alternatives system or a package's script made to one. */
function isOf(files: ReadonlySet<string>, path: string): boolean {
  return files.has(path) || (existsSync(path) && files.has(realpathSync(path)))
}

const wanted = lists.flatMap((list) => readFileSync(`${root}/${list}`, 'utf8').trim().split('\n'))
const files = filesOf(packagesWithAll([...wanted, ...node], installed()))
for (const folder of folders) {
  for (const name of readdirSync(folder)) {
    const path = `${folder}/${name}`
    if (!isOf(files, path)) process.stdout.write(`${path}\n`)
  }
}
