/** What is built once and shared: whoever comes while another builds it waits, and finds it done. */
import { mkdirSync } from 'node:fs'
import { start, waitForLine } from './command.ts'
import { labPaths } from './names.ts'

const longestBuildMs = 900_000

/** Runs `build` while no other process of this machine builds a thing of this name: flock(1) ends with us, however we end. */
export async function oneAtATime<T>(name: string, build: () => Promise<T>): Promise<T> {
  mkdirSync(labPaths.images, { recursive: true })
  const lock = `${labPaths.images}/${name}.lock`
  const holder = await start(['/usr/bin/flock', '--no-fork', lock, '/bin/sh', '-c', 'echo held; exec sleep infinity'])
  try {
    await waitForLine(holder, (line) => line === 'held', longestBuildMs)
    return await build()
  } finally {
    await holder.stop()
  }
}
