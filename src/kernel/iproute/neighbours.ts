/** Neighbours: whose hardware address the kernel knows. */
import { programs } from '../../layout.ts'
import { run } from '../../os/run.ts'
import { type Json, listOf, objectOf, stringOf, stringsOf } from '../../values/checked.ts'

/** States in which the kernel sends to a known address and asks nobody. One that was typed (PERMANENT) stays as it is. */
const known = ['REACHABLE', 'STALE', 'DELAY']

/**
 * Has the kernel ask whether a neighbour still has its address. By itself it goes on with that for half a minute; a router
 * that was replaced has another, which is then found after three seconds (`ucast_solicit`). Meanwhile packets go to the
 * known address: on a line that loses half of them, one that is forgotten takes seconds to find. Throws where ip fails.
 */
export async function askAnew(gateway: string, device: string): Promise<void> {
  const found = await readNeighbour(gateway, device)
  if (!stringsOf(found['state']).some((state) => known.includes(state))) return
  await run(programs.ip, ['neigh', 'change', ...entryOf(gateway, device), 'nud', 'probe'], { accept: [0, 1, 2] })
}

/** The hardware address that the kernel sends a neighbour's packets to; '' where it knows none. Throws where ip fails. */
export async function hardwareAddressOf(gateway: string, device: string): Promise<string> {
  return stringOf((await readNeighbour(gateway, device))['lladdr'])
}

async function readNeighbour(gateway: string, device: string): Promise<Json> {
  const { stdout } = await run(programs.ip, ['-json', 'neigh', 'show', ...entryOf(gateway, device)])
  return objectOf(listOf(JSON.parse(stdout || '[]'))[0])
}

function entryOf(gateway: string, device: string): readonly string[] {
  return ['to', gateway, 'dev', device]
}
