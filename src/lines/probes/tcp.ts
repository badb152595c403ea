/** Whether somebody answers at a TCP port. */
import { connect } from 'node:net'
import { hostOf, portOf } from '../../net/target.ts'
import { hasCode } from '../../os/error.ts'
import type { Asking } from './prober.ts'

export const tcp: Asking = {
  how: 'asks',
  bindsTo: 'address',
  needsNames: false,
  ask: ({ egress, target, signal }) => connects(hostOf(target), portOf(target, 443), egress.source, signal),
}

/** Whether a connection succeeds or is refused: who refuses is there, and so is the way to it. */
function connects(host: string, port: number, source: string | null, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, signal, ...(source === null ? {} : { localAddress: source }) })
  socket.once('connect', () => resolve(true))
  socket.once('error', (error) => resolve(hasCode(error, 'ECONNREFUSED')))
  return promise.finally(() => socket.destroy())
}
