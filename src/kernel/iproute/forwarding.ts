/** Where a bridge has learned that its neighbours are. */
import { programs } from '../../layout.ts'
import { run } from '../../os/run.ts'
import { listOf, objectOf, stringOf } from '../../values/checked.ts'

/**
 * Names of the bridge's ports behind which a hardware address is, on whichever VLAN. A port without carrier has forgotten
 * all that it had learned (br_stp_disable_port() of Linux). Throws where bridge(8) fails.
 */
export async function portsTo(hardware: string, bridge: string): Promise<readonly string[]> {
  const { stdout } = await run(programs.bridge, ['-json', 'fdb', 'show', 'br', bridge])
  const entries = listOf(JSON.parse(stdout || '[]')).map(objectOf)
  return entries.filter(({ mac }) => mac === hardware).map(({ ifname }) => stringOf(ifname))
}
