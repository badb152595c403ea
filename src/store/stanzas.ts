/** What ifupdown's hooks said of the stanzas of /etc/network/interfaces. */
import { join } from 'node:path'
import { paths } from '../layout.ts'
import type { StanzaOptions } from '../model/facts.ts'
import { isMetric, isUplinkName, isWeightOrNone, nameServers } from '../net/valid.ts'
import { stringsOf } from '../values/checked.ts'
import { parseGateways } from './gateways.ts'
import { perInterface } from './per-interface.ts'
import { jsonObject, jsonText } from './stored.ts'

export const stanzas = perInterface<StanzaOptions>(join(paths.run, 'stanzas'), { parse, format: jsonText })

function parse(text: string): StanzaOptions {
  const { balance, name, weight, metric, gateway, mainGateway, nameServers: named } = jsonObject(text)
  const servers = nameServers(stringsOf(named))
  return {
    ...(typeof balance === 'boolean' ? { balance } : {}),
    ...(typeof name === 'string' && isUplinkName(name) ? { name } : {}),
    ...(typeof weight === 'number' && isWeightOrNone(weight) ? { weight } : {}),
    ...(typeof metric === 'number' && isMetric(metric) ? { metric } : {}),
    ...(gateway === undefined ? {} : { gateway: parseGateways(gateway) }),
    ...(mainGateway === undefined ? {} : { mainGateway: parseGateways(mainGateway) }),
    ...(servers.length > 0 ? { nameServers: servers } : {}),
  }
}
