/**
 * How long is waited for what has to come, in ms. That is no figure (what is to be quick is measured and recorded, see
 * measurements.ts), so it is far longer than a busy machine takes; and shorter than the half minute after which the daemon
 * looks by itself, which would hide that nothing told it.
 */
export const patienceMs = 20_000

/** The same where timers of others have to run out first: leases, router lifetimes, hold-downs. */
export const longPatienceMs = 60_000

/**
 * What takes longer hangs: a test, and what is done before and after it; a program has a third of it. Machines are busy, and on some starting a program
 * takes four times as long as on others.
 */
export const hangsMs = 900_000

/**
 * Whatever is awaited of an emulated machine comes in minutes, or not at all. It runs beside others, also on slow processors, so it may take
 * ten times as long as alone; its own clock does not notice.
 */
export const emulatedPatienceMs = 3_600_000

/** The pause in ms after a look that took so long: looking runs programs, and what is awaited needs the processors, too. */
export function restMs(tookMs: number): number {
  return Math.min(200, Math.max(20, 2 * tookMs))
}
