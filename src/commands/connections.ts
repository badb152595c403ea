/** `ifbalance connections`: how many there are now on each uplink. */

import { connectionsText } from '../cli/connections-text.ts'
import { paint, print } from '../cli/output.ts'
import { refusedToOthers } from '../cli/root.ts'
import { settings } from '../cli/settings.ts'
import { countConnections } from '../kernel/conntrack/count.ts'
import { readSubflows } from '../kernel/sockets/subflows.ts'
import { surveyWithoutRuleset } from '../reconcile/reconcile.ts'
import { connectionsOf } from '../status/connections.ts'
import { mptcpConnections } from '../status/mptcp.ts'

export async function run({ json }: { readonly json: boolean }): Promise<number> {
  if (refusedToOthers('connections')) return 1
  const { config } = settings()
  const { uplinks } = (await surveyWithoutRuleset(config)).desired
  // The families are counted one after the other, as the kernel walks the same table for both.
  const inet = await countConnections('inet', config.layout)
  const inet6 = await countConnections('inet6', config.layout)
  const mptcp = mptcpConnections(uplinks, await readSubflows())
  const connections = connectionsOf(uplinks, { inet, inet6 }, mptcp)
  print(json ? JSON.stringify(connections, null, 2) : connectionsText(connections, paint))
  return 0
}
