/** Neighbours: whose hardware address the kernel knows. */
import { programs } from '../../layout.ts'
import { run } from '../../os/run.ts'
import { listOf, objectOf, stringOf, stringsOf } from '../../values/checked.ts'

/** States in which the kernel sends to a known address and asks nobody. One that was typed (PERMANENT) stays as it is. */
const known = ['REACHABLE', 'STALE', 'DELAY']

export interface Neighbour {
  /** The hardware address that packets to it are sent to; '' where the kernel knows none. */
  readonly hardware: string
  /** As ip-neighbour(8) names them; none where the kernel has no entry. */
  readonly states: readonly string[]
}

/** What the kernel knows of a neighbour. Throws where ip fails. */
export async function readNeighbour(gateway: string, device: string): Promise<Neighbour> {
  const { stdout } = await run(programs.ip, ['-json', 'neigh', 'show', ...entryOf(gateway, device)])
  const [found] = listOf(JSON.parse(stdout || '[]')).map(objectOf)
  return { hardware: stringOf(found?.['lladdr']), states: stringsOf(found?.['state']) }
}

/**
 * Has the kernel ask whether a neighbour still has its address. By itself it goes on with that for half a minute; a router
 * that was replaced has another, which is then found after three seconds (`ucast_solicit`). Meanwhile packets go to the
 * known address: on a line that loses half of them, one that is forgotten takes seconds to find. Throws where ip fails.
 */
export async function askAnew(gateway: string, device: string): Promise<void> {
  const { states } = await readNeighbour(gateway, device)
  if (states.some((state) => known.includes(state))) await makeSure(gateway, device)
}

/** Has the kernel ask, whatever it knows; nothing happens where it has no entry. Throws where ip cannot be run. */
export async function makeSure(gateway: string, device: string): Promise<void> {
  await run(programs.ip, ['neigh', 'change', ...entryOf(gateway, device), 'nud', 'probe'], { accept: [0, 1, 2] })
}

/** Sends a packet to a neighbour, so that the kernel asks for one that it does not know. Whether it is answered says nothing. */
export function sendTo(gateway: string, device: string, waitSeconds = 1): void {
  const argv = ['-n', '-q', '-c', '1', '-W', String(waitSeconds), '-I', device, gateway]
  void run(programs.ping, argv, { accept: [0, 1, 2] }).catch(() => undefined)
}

function entryOf(gateway: string, device: string): readonly string[] {
  return ['to', gateway, 'dev', device]
}
