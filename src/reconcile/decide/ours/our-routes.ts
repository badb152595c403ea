/** Which of the kernel's routes are ours. Pure. */
import { isOurTable, type Layout, protocols } from '../../../layout.ts'
import type { Route } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'

/**
 * Tells our routes by table and protocol. The protocol is the kernel's own, which adds routes by itself where the table
 * is a VRF's: those of the addresses of the VRF and of its ports.
 */
export function ourRoutes(layouts: readonly Layout[], { links }: Pick<Observed, 'links'>): (route: Route) => boolean {
  const vrfs = new Set(links.filter(({ kind }) => kind === 'vrf').map(({ index }) => index))
  const ofVrfs = links.filter(({ index, master }) => vrfs.has(index) || (master !== null && vrfs.has(master)))
  const devices = new Set(ofVrfs.map(({ name }) => name))
  return ({ table, protocol, type, nexthops }) =>
    (protocol === protocols.route || protocol === protocols.formerRoute) &&
    type !== 'other' &&
    layouts.some((layout) => isOurTable(table, layout)) &&
    !nexthops.some(({ device }) => devices.has(device))
}
