/** What is built once and shared: whoever comes while another builds it waits, and finds it done. */
import { mkdirSync } from 'node:fs'
import { start, waitForLine } from './command.ts'
import { labPaths } from './names.ts'

/** Mostly the download: 20 s, and one has taken more than ten minutes. */
export const longestBuildMs = 1_800_000

/**
 * Runs `build` while no other process of this machine builds a thing of this name. Who holds the lock reads from us, so it
 * ends with us, however we end.
 */
export async function oneAtATime<T>(name: string, build: () => Promise<T>): Promise<T> {
  mkdirSync(labPaths.images, { recursive: true })
  const lock = `${labPaths.images}/${name}.lock`
  const holding = ['/usr/bin/flock', '--no-fork', lock, '/bin/sh', '-c', 'echo held; exec cat']
  const holder = await start(holding, {}, 'pipe')
  try {
    await waitForLine(holder, (line) => line === 'held', longestBuildMs)
    return await build()
  } finally {
    await holder.stop()
  }
}
