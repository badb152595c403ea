/** Forgets, once a day, what was told of interfaces that are long gone. */
import type { Link } from '../model/kernel.ts'
import { removeLongGone } from '../store/registry.ts'

const dayMs = 24 * 3600 * 1000

/** Makes what is called with the links of each round. */
export function createForgetting(): (links: readonly Pick<Link, 'name'>[]) => void {
  let last = Number.NEGATIVE_INFINITY
  return (links) => {
    const now = performance.now()
    if (now - last < dayMs) return
    last = now
    removeLongGone(new Set(links.map(({ name }) => name)), Date.now())
  }
}
