/** A root to write to, over one that is kept. */
import { mkdirSync } from 'node:fs'
import { command } from './command.ts'
import type { Disposer } from './disposer.ts'
import { labPaths } from './names.ts'
import { deleteMachineFolder } from './sweep.ts'

/** The path of a root that begins as `image` is, which is never written to. In memory: nothing of it is worth a disk, and dpkg's many syncs cost nothing there. */
export async function overlayOf(undo: Disposer, image: string, name: string): Promise<string> {
  const folder = `${labPaths.machines}/${name}`
  const root = `${folder}/root`
  mkdirSync(folder, { recursive: true })
  undo.defer(`machine ${folder}`, () => deleteMachineFolder(folder))
  await command(['/usr/bin/mount', '-t', 'tmpfs', '-o', 'size=3g,mode=755', 'tmpfs', folder])
  for (const part of ['upper', 'work', 'root']) mkdirSync(`${folder}/${part}`)
  const layers = `lowerdir=${image},upperdir=${folder}/upper,workdir=${folder}/work`
  await command(['/usr/bin/mount', '-t', 'overlay', '-o', layers, 'overlay', root])
  return root
}
