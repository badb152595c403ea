/** What is asked -> the first packet of such a connection, for rules and for the kernel. */

import { traitsIn } from '../config/match/fields.ts'
import { type RouteAnswer, type RouteQuery, routeOf } from '../kernel/iproute/route-get.ts'
import type { FirstPacket } from '../model/match.ts'
import type { Observed } from '../model/observed.ts'
import { digitsOf } from '../net/address-range.ts'
import { Failure } from '../os/error.ts'
import { protocolNumbers, type Question } from './question.ts'

/**
 * The question for the kernel. The packet comes in by the interface that leads to its source, unless said otherwise.
 * Throws a Failure where that is unclear.
 */
export async function queryOf(question: Question, { links }: Observed): Promise<RouteQuery> {
  const { family, destination, from, incoming, mark, protocol, port, sourcePort } = question
  const number = protocol === 'icmp' && family === 'inet6' ? 58 : protocolNumbers[protocol]
  const query = { family, destination, source: from, incoming, mark, protocol: number, sourcePort, port }
  if (incoming !== null && !links.some(({ name }) => name === incoming))
    throw new Failure('usage', `--in ${incoming}: there is no such interface`)
  if (from === null || incoming !== null) return query
  const own = links.some(({ addresses }) =>
    addresses.some((one) => one.family === family && digitsOf(one.address) === digitsOf(from)),
  )
  if (own) return query
  const back = await routeOf({ ...query, destination: from, source: null, mark: 0 })
  if (typeof back === 'string') throw new Failure('usage', `finding out how ${from} is reached: ${back}`)
  if (back.isDefault)
    throw new Failure('usage', `--from ${from}: on none of the networks here, expected --in INTERFACE as well`)
  return { ...query, incoming: back.device }
}

/** The packet for rules, with the source that the kernel would give to a socket without one. */
export function packetOf(
  question: Question,
  { family, destination, source, incoming, mark, protocol, sourcePort, port }: RouteQuery,
  route: RouteAnswer | string,
): FirstPacket {
  return {
    ...{ family, side: incoming === null ? 'local' : 'forward', destination, protocol },
    ...{ ...traitsIn(question), mark },
    source: source ?? (typeof route === 'string' ? '' : (route.source ?? '')),
    ...{ sourcePort: sourcePort ?? 0, destinationPort: port, interface: incoming },
  }
}
