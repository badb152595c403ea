/** Whether the gateway is there: the kernel's own ARP or neighbour discovery tells when it is asked to make sure. */
import { makeSure, readNeighbour, sendTo } from '../../kernel/iproute/neighbours.ts'
import type { Egress } from './egress.ts'
import type { Asking } from './prober.ts'

export const arp: Asking = {
  how: 'asks',
  bindsTo: 'device',
  needsNames: false,
  ask: ({ egress, timeoutMs, stopped }) => askNeighbour(egress, timeoutMs, stopped),
}

const lookMs = 50

/**
 * Whether the gateway answered. `nud probe` has the kernel ask it again; where the kernel has no entry, ping sends a
 * packet to it, which makes one. The time runs from when the kernel was asked. Throws where ip fails. A way without a
 * gateway has none that could be dead, so it counts as answered.
 */
async function askNeighbour({ device, gateway }: Egress, timeoutMs: number, stopped: AbortSignal): Promise<boolean> {
  if (gateway === null) return true
  await makeSure(gateway, device)
  sendTo(gateway, device, Math.max(1, Math.ceil(timeoutMs / 1000)))
  const end = performance.now() + timeoutMs
  while (!stopped.aborted) {
    const isLast = performance.now() > end
    const { states } = await readNeighbour(gateway, device)
    if (states.includes('REACHABLE')) return true
    if (isLast || states.includes('FAILED')) return false
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
  return false
}
