/**
 * One clock for all that look at things of which nobody tells when they change. Waking a processor that sleeps costs
 * more than looking (0.2 ms of a small virtual machine), so all look at once, and often only while there is something
 * to see.
 *
 * What has come meanwhile is read before anybody looks whether it is missing: a timer that is due runs before that, and
 * this process may have been busy, with starting programs for sixty lines or while others had the processor.
 */
const fastMs = 100
const slowMs = 600

export interface Ticker {
  /**
   * Calls `look` at each beat, or at the first one after `everyMs`. A look that returns `soon` makes the next beat come
   * soon.
   */
  readonly join: (look: () => 'soon' | undefined, everyMs?: number) => void
  /** Makes the next beat come soon. */
  readonly hurry: () => void
  /** Says that something has woken the processor: a beat that is due in a while may as well come now. */
  readonly awake: () => void
  readonly stop: () => void
}

export function createTicker(): Ticker {
  const members: { readonly look: () => 'soon' | undefined; readonly everyMs: number; last: number }[] = []
  let isFast = false
  let last = performance.now()
  let timer = setTimeout(due, slowMs)
  let reading: NodeJS.Immediate | undefined

  /** setImmediate(): behind the input that is there (the phases of Node.js' event loop). */
  function due(): void {
    clearImmediate(reading)
    reading = setImmediate(beat)
  }

  function beat(): void {
    last = performance.now()
    const looking = members.filter((member) => last - member.last >= member.everyMs)
    isFast = false
    for (const member of looking) {
      member.last = last
      if (member.look() === 'soon') isFast = true
    }
    arm()
  }

  function arm(): void {
    clearTimeout(timer)
    timer = setTimeout(due, isFast ? fastMs : slowMs)
  }

  return {
    join: (look, everyMs = 0) => void members.push({ look, everyMs, last: performance.now() }),
    hurry: () => {
      if (isFast) return
      isFast = true
      arm()
    },
    awake: () => {
      if (!isFast && performance.now() - last > slowMs / 2) due()
    },
    stop: () => {
      clearTimeout(timer)
      clearImmediate(reading)
    },
  }
}
