/**
 * A control group of its own for each booted machine. Without one, all of them have the one in which this process is for their
 * root, and each sees, and ends, the services of the others.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { cgroupName } from './names.ts'
import { patienceMs } from './patience.ts'

/** In the hierarchies that systemd-nspawn looks at: version 2's and, where there still is one, systemd's own of version 1. */
export function machineCgroups(machine: string): readonly string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const name = cgroupName(machine)
  return mounts.flatMap((line) => {
    const [, folder = '', type, options = ''] = line.split(' ')
    const isWanted = type === 'cgroup2' || (type === 'cgroup' && options.split(',').includes('name=systemd'))
    return isWanted && folder.startsWith('/sys/fs/cgroup') ? [`${folder}/${name}`] : []
  })
}

/** The argv that runs `argv` in these. */
export function inCgroups(folders: readonly string[], argv: readonly string[]): readonly string[] {
  const enter = 'for folder in $0; do mkdir -p "$folder" && echo $$ >"$folder/cgroup.procs" || exit; done; exec "$@"'
  return ['/bin/sh', '-c', enter, folders.join(' '), ...argv]
}

/** With all that is below it. The kernel keeps one for a moment after its last process has ended. */
export async function removeCgroup(folder: string): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (existsSync(folder) && Date.now() < deadline) {
    removeEmpty(folder)
    if (existsSync(folder)) await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function removeEmpty(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) removeEmpty(`${folder}/${entry.name}`)
    rmdirSync(folder)
  } catch {
    // Not yet: see above. What is left in the end is swept by the next room.
  }
}
