/** IPv6 name servers that DHCP clients told our hooks; they come and go without a lease of IPv4. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { NameServers6 } from '../model/facts.ts'
import { nameServers } from '../net/valid.ts'
import { stringsOf } from '../values/checked.ts'
import { perInterface } from './per-interface.ts'
import { jsonObject, jsonText } from './stored.ts'

export const nameServers6 = perInterface<NameServers6>(join(paths.run, 'name-servers'), { parse, format: jsonText })

function parse(text: string): NameServers6 {
  const { dhcp6, advertised } = jsonObject(text)
  return { dhcp6: nameServers(stringsOf(dhcp6)), advertised: nameServers(stringsOf(advertised)) }
}
