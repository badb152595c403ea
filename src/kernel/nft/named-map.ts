/** Maps with names, for rules that ask them. Pure. */

import type { NamedSet } from '../../model/kernel.ts'
import { digest } from '../../values/digest.ts'

/**
 * The map of these elements. `definition` is what nft(8) writes between the braces, without them. Its name tells both, as
 * nothing else of a map is compared with what the kernel has.
 */
export function namedMap(definition: string, elements: readonly string[]): NamedSet {
  return { kind: 'map', name: `map_${digest(`${definition} ${elements.join()}`)}`, definition, elements }
}
