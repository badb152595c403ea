/** What is under test and the scripts that test it, as a disk for the emulated machine: see paths.ts. */
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join, relative } from 'node:path'
import { command } from '../lab/command.ts'
import { builtDeb } from '../lab/deb.ts'
import { labPaths } from '../lab/names.ts'
import { makeDisk } from './root-disk.ts'

const project = join(import.meta.dirname, '../..')

/** Makes the disk, anew each time, and gives its path. The program is the one that `npm run deb` put into the package. */
export async function projectDisk(): Promise<string> {
  // Whoever runs with the former one keeps it, as a file without a name.
  const disk = `${labPaths.images}/project.ext4`
  const draft = `${disk}.files-${process.pid}`
  const draftDisk = `${disk}.new-${process.pid}`
  try {
    mkdirSync(draft, { recursive: true })
    for (const path of ['package.json', ...dependencies()]) {
      cpSync(join(project, path), join(draft, path), { recursive: true })
    }
    for (const path of ['src', 'test']) copyAsJavaScript(path, draft)
    cpSync(process.execPath, join(draft, 'node'))
    await command(['/usr/bin/dpkg-deb', '--extract', builtDeb(), join(draft, 'deb')])
    await makeDisk(draft, draftDisk, 512)
    renameSync(draftDisk, disk)
  } finally {
    rmSync(draft, { recursive: true, force: true })
    rmSync(draftDisk, { force: true })
  }
  return disk
}

/** There, Node takes three times as long to start with TypeScript as with JavaScript. */
function copyAsJavaScript(folder: string, draft: string): void {
  mkdirSync(join(draft, folder))
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

/** Folders of the npm packages that the sources import, as the lock file has them. */
function dependencies(): readonly string[] {
  const lock: { packages: Record<string, { dev?: boolean; optional?: boolean }> } = JSON.parse(
    readFileSync(join(project, 'package-lock.json'), 'utf8'),
  )
  return Object.entries(lock.packages).flatMap(([path, about]) => {
    const isOurs = path.startsWith('node_modules/') && !about.dev && !about.optional
    return isOurs ? [path] : []
  })
}
