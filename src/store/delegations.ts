/** IPv6 prefixes that DHCP clients were given for networks behind this host, as they told our hooks. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import { routedPrefixes } from '../net/ipv6-prefix.ts'
import { listOf } from '../values/checked.ts'
import { perInterface } from './per-interface.ts'
import { jsonText } from './stored.ts'

export const delegations = perInterface<readonly string[]>(join(paths.run, 'delegations'), {
  parse: (text) => routedPrefixes(listOf(JSON.parse(text))),
  format: jsonText,
})
