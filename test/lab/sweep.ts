/** Removes what earlier runs left behind that were killed hard. Touches only names of ours whose process is gone. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { command } from './command.ts'
import { labPaths, pidOfName } from './names.ts'

function leftovers(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => {
    const pid = pidOfName(name)
    return pid !== null && pid !== process.pid && !existsSync(`/proc/${pid}`)
  })
}

/** Kills what runs in a namespace of ours (our servers, our container, nothing else can be there), then deletes it. */
export async function deleteNamespace(name: string): Promise<void> {
  const { stdout } = await command(['/usr/sbin/ip', 'netns', 'pids', name], { accept: [0, 1] })
  for (const pid of stdout.split('\n').map(Number).filter(Boolean)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself between the listing and now.
    }
  }
  await command(['/usr/sbin/ip', 'netns', 'delete', name])
}

/** Unmounts what is mounted below a machine's folder, innermost first, and deletes the folder. */
export async function deleteMachineFolder(folder: string): Promise<void> {
  for (const mount of [`${folder}/root`, folder]) {
    await command(['/usr/bin/umount', '--lazy', mount], { accept: [0, 1, 32] })
  }
  rmSync(folder, { recursive: true, force: true })
}

export async function sweep(): Promise<void> {
  for (const name of leftovers(labPaths.namespaces)) await deleteNamespace(name)
  for (const name of leftovers(labPaths.machines)) await deleteMachineFolder(`${labPaths.machines}/${name}`)
}
