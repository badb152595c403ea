/**
 * Weights -> slots of a hash. An uplink that works has the slots that it would have if all did, and those of the others
 * are dealt out: an uplink that stays keeps every client, and one that comes back gets its clients back. Pure.
 */
export const slotCount = 1024

export interface Share {
  readonly number: number
  readonly weight: number
}

/** First and last slot of a piece, and the number of its uplink. Pieces are in order and cover all slots. */
export type Piece = readonly [first: number, last: number, number: number]

/** The pieces. `working` must not be empty, and is a part of `all`. */
export function dealSlots(all: readonly Share[], working: readonly Share[]): readonly Piece[] {
  const pieces = divide(0, slotCount, all).flatMap(([first, last, number]): readonly Piece[] =>
    working.some((share) => share.number === number)
      ? [[first, last, number]]
      : divide(first, last - first + 1, working),
  )
  return joined(pieces)
}

function divide(start: number, length: number, shares: readonly Share[]): readonly Piece[] {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0)
  let sum = 0
  const bounds = shares.map(({ weight }) => {
    sum += weight
    return start + Math.round((length * sum) / total)
  })
  return shares
    .map(({ number }, index): Piece => [bounds[index - 1] ?? start, (bounds[index] ?? 0) - 1, number])
    .filter(([first, last]) => first <= last)
}

function joined(pieces: readonly Piece[]): readonly Piece[] {
  const result: Piece[] = []
  for (const piece of pieces) {
    const last = result.at(-1)
    if (last?.[2] === piece[2]) result.splice(-1, 1, [last[0], piece[1], piece[2]])
    else result.push(piece)
  }
  return result
}
