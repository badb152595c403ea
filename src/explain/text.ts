/** An explanation for people. Pure. */

import { protocolName } from '../config/match/protocol.ts'
import { hex } from '../values/hex.ts'
import type { Explanation, RouteChoice } from './explanation.ts'

export function explanationText({ packet, rules, decision, ways, refused, others }: Explanation): string {
  const { source, destination, destinationPort, protocol, side } = packet
  const port = destinationPort > 0 ? ` port ${destinationPort}` : ''
  const where = side === 'local' ? 'from this host' : `in by ${packet.interface}`
  // With several ways, each would give the socket another address.
  const from = source === '' || (ways.length > 1 && side === 'local') ? '' : `${source} `
  return [
    line('connection', `${protocolName(protocol)} ${from}-> ${destination}${port}, ${where}`),
    ...rules.map(({ rule, reason }) => line('rule', `${rule}: ${reason === null ? 'matches' : `no, ${reason}`}`)),
    line('decision', decision),
    ...ways.flatMap(wayLines),
    ...(refused === null ? [] : [line('refused', refused)]),
    ...others.map(({ uplink, reason }) => line('not', `${uplink}: ${reason}`)),
  ].join('\n')
}

function wayLines({ uplink, share, device, gateway, mtu, mark, table, ipRule }: RouteChoice): readonly string[] {
  const part = share === 1 ? '' : `, ${Math.round(share * 1000) / 10} % of such connections`
  return [
    line('goes by', `${uplink ?? `${device}, no uplink`}${part}`),
    line(
      '',
      `${gateway === null ? '' : `via ${gateway} `}dev ${device}, table ${table}, mark ${hex(mark)}${mtu === undefined ? '' : `, mtu ${mtu}`}`,
    ),
    ...(ipRule === null ? [] : [line('', `ip rule ${ipRule}`)]),
  ]
}

function line(title: string, text: string): string {
  return `${title.padEnd(12)}${text}`
}
