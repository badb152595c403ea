/** Waiting for an answer that this process reads itself, so that time in which it does other things does not count. */

/** The time is waited in slices: a timer that rings late costs one slice at most. */
const sliceMs = 50

/**
 * Calls `over` when `ms` have been waited, and whatever has come by then was read: an answer that lies in a socket
 * while the timer rings has come in time. Returns what stops it.
 */
export function timeoutAfterReading(ms: number, over: () => void): () => void {
  let left = ms
  let timer: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined
  const next = () => {
    const slice = Math.min(left, sliceMs)
    left -= slice
    timer = setTimeout(left > 0 ? next : afterReading, slice)
  }
  // Immediates run after sockets were read.
  const afterReading = () => {
    immediate = setImmediate(over)
  }
  next()
  return () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
}
