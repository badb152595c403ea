/** Finds the pairs of boxes that overlap, without comparing each with each. Pure. */
import { type KeyRanges, overlaps } from './overlap.ts'

/**
 * For each box, the earlier ones that it overlaps, in their order. It costs little where few overlap in a field that
 * most boxes have.
 */
export function earlierOverlaps(boxes: readonly KeyRanges[]): readonly (readonly number[])[] {
  const field = mostTelling(boxes)
  const candidates: number[][] = boxes.map(() => [])
  const note = (one: number, other: number) => void candidates[Math.max(one, other)]?.push(Math.min(one, other))
  const isOpen = (box: KeyRanges) => field === null || !box[field]
  for (const [index, box] of boxes.entries())
    for (let other = 0; isOpen(box) && other < boxes.length; other++)
      if (other < index || (other > index && !isOpen(boxes[other] ?? {}))) note(index, other)
  let active: Span[] = []
  for (const span of field === null ? [] : spansOf(boxes, field)) {
    active = active.filter(({ last }) => last >= span.first)
    for (const { index } of active) if (index !== span.index) note(span.index, index)
    active.push(span)
  }
  return candidates.map((earlier, index) => {
    const box = boxes[index] ?? {}
    return [...new Set(earlier)].filter((other) => overlaps(box, boxes[other] ?? {})).sort((a, b) => a - b)
  })
}

interface Span {
  readonly first: string | number
  readonly last: string | number
  readonly index: number
}

/** The spans of all boxes that have the field, sorted by their beginnings. */
function spansOf(boxes: readonly KeyRanges[], field: string): readonly Span[] {
  return boxes
    .flatMap((box, index) => (box[field] ?? []).map(([first, last]): Span => ({ first, last, index })))
    .sort((a, b) => compare(a.first, b.first))
}

/** The field by which the fewest pairs are left to compare; null where there is none. */
function mostTelling(boxes: readonly KeyRanges[]): string | null {
  const fields = [...new Set(boxes.flatMap((box) => Object.keys(box)))]
  const costs = fields.map((field) => {
    const starts = spansOf(boxes, field)
    const without = boxes.filter((box) => !box[field]).length
    const meeting = starts.reduce((sum, { last }, at) => sum + countUpTo(starts, last) - at - 1, 0)
    return { field, cost: without * boxes.length + meeting }
  })
  const [best] = costs.sort((a, b) => a.cost - b.cost)
  return best?.field ?? null
}

/** How many spans begin at `end` or before; they are sorted. */
function countUpTo(spans: readonly Span[], end: string | number): number {
  let [low, high] = [0, spans.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(spans[middle]?.first ?? end, end) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
