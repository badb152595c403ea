/** What DHCP clients and pppd told our hooks. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { Lease } from '../model/facts.ts'
import { familyOf, isInterfaceName, nameServers } from '../net/valid.ts'
import { stringsOf } from '../values/checked.ts'
import { isDigest } from '../values/digest.ts'
import { parseGateways } from './gateways.ts'
import { perInterface } from './per-interface.ts'
import { jsonObject, jsonText } from './stored.ts'

export const leases = perInterface<Lease>(join(paths.run, 'leases'), { parse, format: jsonText })

function parse(text: string): Lease {
  const { source, address, gateway, nameServers: named, below, line } = jsonObject(text)
  const servers = nameServers(stringsOf(named))
  return {
    source: String(source),
    ...(typeof address === 'string' && familyOf(address) ? { address } : {}),
    gateway: parseGateways(gateway),
    ...(servers.length > 0 ? { nameServers: servers } : {}),
    ...(typeof below === 'string' && isInterfaceName(below) && { below }),
    ...(typeof line === 'string' && isDigest(line) && { line }),
  }
}
