/** Neighbours: whose hardware address the kernel knows. */
import { programs } from '../../layout.ts'
import { run } from '../../os/run.ts'
import { listOf, objectOf, stringsOf } from '../../values/checked.ts'

/** States in which the kernel sends to a known address and asks nobody. One that was typed (PERMANENT) stays as it is. */
const known = ['REACHABLE', 'STALE', 'DELAY']

/**
 * Has the kernel ask whether a neighbour still has its address. By itself it goes on with that for half a minute; a router
 * that was replaced has another, which is then found after three seconds (`ucast_solicit`). Meanwhile packets go to the
 * known address: on a line that loses half of them, one that is forgotten takes seconds to find. Throws where ip fails.
 */
export async function askAnew(gateway: string, device: string): Promise<void> {
  const entry = ['to', gateway, 'dev', device]
  const { stdout } = await run(programs.ip, ['-json', 'neigh', 'show', ...entry])
  const [found] = listOf(JSON.parse(stdout || '[]')).map(objectOf)
  if (!found || !stringsOf(found['state']).some((state) => known.includes(state))) return
  await run(programs.ip, ['neigh', 'change', ...entry, 'nud', 'probe'], { accept: [0, 1, 2] })
}
