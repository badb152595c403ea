/** Why an uplink has the weight that it has, in a few words. Pure. */
import type { CapacityFigures, DirectionFigures } from '../model/spreading.ts'

/** `auto`: the weight is nobody's word. `takes`: whether it is one of those that are to take new connections. */
export interface Weighing {
  readonly auto?: true | undefined
  readonly takes?: boolean | undefined
  readonly line?: CapacityFigures | undefined
}

/** Null where the weight is the administrator's, and all take their part. */
export function weightReason({ auto, takes, line }: Weighing): string | null {
  const idle = takes === false ? ['takes no new connections now'] : []
  const figures = auto || takes !== undefined ? [`${auto ? 'auto: ' : ''}${line ? lineText(line) : unknown}`] : []
  const parts = [...figures, ...idle]
  return parts.length === 0 ? null : parts.join(', ')
}

const unknown = 'nothing is known yet'

/** Of the direction that carries more; at rest, downloads. */
function lineText({ down, up }: CapacityFigures): string {
  const isUp = up.carries > down.carries || (down.sure === 'unknown' && up.sure !== 'unknown')
  return directionText(isUp ? up : down, isUp ? 'up' : 'down')
}

function directionText({ carries, capacity, sure }: DirectionFigures, direction: string): string {
  if (sure === 'unknown') return unknown
  return `${rateText(carries)} of ${sure === 'known' ? 'about' : 'at least'} ${rateText(Math.max(carries, capacity))} Mbit/s ${direction}`
}

/** Three digits at most, as nobody knows more. */
function rateText(bits: number): string {
  const mbit = bits / 1e6
  return String(Number(mbit.toPrecision(mbit < 1000 ? 2 : 3)))
}
