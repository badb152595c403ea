/** Work that several ask for at a time is done once. */

/**
 * Does `work`, one at a time: who asks while it goes on gets what comes of it, and who asks within `freshMs` of its end
 * gets that, too. What failed is not kept.
 */
export function shared<T>(work: () => Promise<T>, freshMs: number, now = () => performance.now()): () => Promise<T> {
  let latest: { readonly result: Promise<T>; endedAt: number } | null = null
  return () => {
    if (latest !== null && now() - latest.endedAt < freshMs) return latest.result
    const one = { result: work(), endedAt: Number.POSITIVE_INFINITY }
    latest = one
    one.result.then(
      () => {
        one.endedAt = now()
      },
      () => {
        if (latest === one) latest = null
      },
    )
    return one.result
  }
}
