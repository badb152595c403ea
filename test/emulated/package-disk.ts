/** The package for arm64 and its tests for Debian, as a disk for the emulated machine: see paths.ts. */
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { command } from '../lab/command.ts'
import { buildDeb } from '../lab/deb.ts'
import { makeDisk } from './root-disk.ts'

const project = join(import.meta.dirname, '../..')

/** The disk's path, made anew each time: `deb`, and files of the project at their places. */
export async function armPackageDisk(): Promise<string> {
  const built = await buildDeb('arm64')
  const disk = join(project, 'dist/arm64.ext4')
  const draft = `${disk}.files`
  const unpacked = join(draft, 'unpacked')
  try {
    rmSync(draft, { recursive: true, force: true })
    mkdirSync(draft, { recursive: true })
    for (const path of ['test/emulated/programs/agent.sh', 'debian/tests']) {
      mkdirSync(dirname(join(draft, path)), { recursive: true })
      cpSync(join(project, path), join(draft, path), { recursive: true })
    }
    // Without compression: unpacking is what takes such a machine the longest.
    await command(['/usr/bin/dpkg-deb', '--raw-extract', built, unpacked])
    await command(['/usr/bin/dpkg-deb', '-Znone', '--build', unpacked, join(draft, 'deb')])
    rmSync(unpacked, { recursive: true })
    await makeDisk(draft, disk, 256)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return disk
}
