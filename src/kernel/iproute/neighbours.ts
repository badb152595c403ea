/** Neighbours: whose hardware address the kernel knows. */
import { programs } from '../../layout.ts'
import { run } from '../../os/run.ts'
import { listOf, objectOf, stringsOf } from '../../values/checked.ts'

/** States in which the kernel sends to a known address. One that was typed (PERMANENT) stays as it is. */
const known = ['REACHABLE', 'STALE', 'DELAY', 'PROBE']

/**
 * Has the kernel ask everyone on the link for a neighbour's address with the next packet to it. By itself it goes on with
 * the address that it knows for half a minute, and then asks that one alone first (`ucast_solicit`), which takes three
 * seconds more; a router that was replaced has another. Throws where ip fails.
 */
export async function askAnew(gateway: string, device: string): Promise<void> {
  const entry = ['to', gateway, 'dev', device]
  const { stdout } = await run(programs.ip, ['-json', 'neigh', 'show', ...entry])
  const [found] = listOf(JSON.parse(stdout || '[]')).map(objectOf)
  if (!found || !stringsOf(found['state']).some((state) => known.includes(state))) return
  await run(programs.ip, ['neigh', 'change', ...entry, 'nud', 'failed'], { accept: [0, 1, 2] })
}
