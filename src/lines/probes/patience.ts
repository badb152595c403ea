/** Time for an answer that this process reads itself: while it does other things, nobody's time runs out. */

/** A timer that rings late has cost so much of the time at most. */
const sliceMs = 50

/**
 * Calls `over` when `ms` have been waited, and whatever has come by then was read: an answer that lies in a socket while
 * the timer rings has come in time. Returns what stops it.
 */
export function waitPatiently(ms: number, over: () => void): () => void {
  let left = ms
  let timer: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined
  const next = () => {
    const slice = Math.min(left, sliceMs)
    left -= slice
    timer = setTimeout(left > 0 ? next : afterReading, slice)
  }
  // Immediates run after what there is to read.
  const afterReading = () => {
    immediate = setImmediate(over)
  }
  next()
  return () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
}
