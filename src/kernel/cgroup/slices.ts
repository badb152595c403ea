/**
 * Slices in which systemd keeps what `ifbalance exec` runs, one for each uplink. A service whose unit says `Slice=`
 * gets there, too. Pure. See systemd.slice(5): of the characters that an uplink's name may have, systemd escapes the
 * dash alone.
 */
import { marks } from '../../layout.ts'
import type { Config } from '../../model/config.ts'
import type { Observed } from '../../model/observed.ts'
import type { Uplink } from '../../model/uplink.ts'
import { hex } from '../../values/hex.ts'

export const parentSlice = 'ifbalance.slice'

/** The name of an uplink's slice for systemd. */
export function sliceUnit(uplink: string): string {
  return `ifbalance-${uplink.replaceAll('-', '\\x2d')}.slice`
}

/** The slice's path below the root of the control groups, as nft(8) wants it. */
export function slicePath(uplink: string): string {
  return `${parentSlice}/${sliceUnit(uplink)}`
}

/** By path, the slices of ours that exist, with the marks that their traffic gets. */
export function marksOfSlices(
  uplinks: readonly Uplink[],
  { slices = {} }: Observed,
  { layout }: Config,
): ReadonlyMap<string, number> {
  const { pinned } = marks(layout)
  return new Map(
    uplinks
      .filter(({ name }) => Object.hasOwn(slices, slicePath(name)))
      .map(({ name, number }) => [slicePath(name), ((number << layout.markShift) | pinned) >>> 0] as const)
      .toSorted(([one], [other]) => (one < other ? -1 : 1)),
  )
}

/** nft's match for sockets in this control group or below it. nft refuses it while the control group does not exist. */
export function inCgroup(path: string): string {
  return `socket cgroupv2 level ${path.split('/').length} "${path}"`
}

/** Rules for the output hook of type route, which mark what a slice's sockets send; none without slices. */
export function sliceRules(slices: ReadonlyMap<string, number>): readonly string[] {
  return [...slices].map(
    ([path, mark]) => `ct direction original meta mark 0 ${inCgroup(path)} meta mark set ${hex(mark)}`,
  )
}
