/** What is under test and the scripts that test it, as a disk for the emulated machine: see paths.ts. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join, relative } from 'node:path'
import { command } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { oneAtATime } from '../lab/once.ts'
import { makeDisk } from './root-disk.ts'

const project = join(import.meta.dirname, '../..')

/** The disk's path; made anew when anything that is on it has changed. The program is the one that `npm run deb` put into the package. */
export async function projectDisk(): Promise<string> {
  const disk = join(project, 'dist/project.ext4')
  const idFile = `${disk}.id`
  const id = fingerprint()
  const isThere = () => existsSync(disk) && existsSync(idFile) && readFileSync(idFile, 'utf8') === id
  if (isThere()) return disk
  return await oneAtATime('project.ext4', async () => {
    if (isThere()) return disk
    const draft = `${disk}.files`
    const draftDisk = `${disk}.new`
    try {
      rmSync(draft, { recursive: true, force: true })
      mkdirSync(draft, { recursive: true })
      for (const path of ['package.json', ...dependencies()]) {
        cpSync(join(project, path), join(draft, path), { recursive: true })
      }
      for (const path of folders) copyAsJavaScript(path, draft)
      cpSync(process.execPath, join(draft, 'node'))
      await command(['/usr/bin/dpkg-deb', '--raw-extract', builtDeb(), join(draft, 'deb')])
      await makeDisk(draft, draftDisk, 512)
      // Whoever runs with the former one keeps it, as a file without a name.
      renameSync(draftDisk, disk)
      writeFileSync(idFile, id)
    } finally {
      rmSync(draft, { recursive: true, force: true })
      rmSync(draftDisk, { force: true })
    }
    return disk
  })
}

const folders = ['src', 'test', 'debian/schema'] as const

function fingerprint(): string {
  const hash = createHash('sha256').update(readFileSync(builtDeb()))
  for (const folder of folders) {
    const entries = readdirSync(join(project, folder), { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    for (const file of files.sort()) hash.update(file).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/** There, Node takes three times as long to start with TypeScript as with JavaScript. */
function copyAsJavaScript(folder: string, draft: string): void {
  mkdirSync(join(draft, folder), { recursive: true })
  for (const entry of readdirSync(join(project, folder), { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name)
    const to = join(draft, relative(project, from))
    if (entry.isDirectory()) mkdirSync(to, { recursive: true })
    else if (!entry.name.endsWith('.ts')) cpSync(from, to)
    else {
      const code = stripTypeScriptTypes(readFileSync(from, 'utf8'))
      // Imports, and paths of programs to be started.
      writeFileSync(to.replace(/ts$/, 'js'), code.replace(/\.ts(?=['`])/g, '.js'))
    }
  }
}

/** Folders of the npm packages that the sources and what they share with tests import, as the lock file has them. */
function dependencies(): readonly string[] {
  const { packages }: { packages: Record<string, Package> } = JSON.parse(
    readFileSync(join(project, 'package-lock.json'), 'utf8'),
  )
  const ours = Object.entries(packages).flatMap(([path, about]) => {
    const isOurs = path.startsWith('node_modules/') && !about.dev && !about.optional
    return isOurs ? [path] : []
  })
  const withTheirs = (path: string): readonly string[] => [
    path,
    ...Object.keys(packages[path]?.dependencies ?? {}).flatMap((name) => withTheirs(`node_modules/${name}`)),
  ]
  return [...new Set([...ours, ...withTheirs('node_modules/ajv')])]
}

interface Package {
  readonly dev?: boolean
  readonly optional?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
}
